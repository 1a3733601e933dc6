"""Chapter 3: cross-entropy, the two objectives of G, and what zero-sum means."""

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _server
from pages._theme import dark
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, LearnPoint, learn_lines_spec
from sogaal.jobs import Job
from sogaal.lessons.objectives import pushes, slopes

ANSWERS = {
    "zero_sum": "min log(1 - D(G(z))): the game as it was stated.",
    "trained": "max log D(G(z)): the other one.",
    "same": "Both alike: they have the same optimum.",
}
CHECKS = {
    "losses_moved": "I moved D(G(z)) and read both slopes.",
    "losses_said": "I said which objective pushes G harder when D wins.",
    "losses_ran": "I trained a run in which D wins, and saw both pushes.",
}


def _cross_entropy() -> None:
    st.markdown(
        """
Networks are trained by **gradient descent**: run forward, measure the error, and move each weight a little down the
error's slope. For a probability $\\hat y$ and the truth $y \\in \\{0, 1\\}$ the error is the **cross-entropy**:
"""
    )
    st.latex(r"\ell(\hat y, y) = -\,y \log \hat y - (1-y)\log(1-\hat y)")
    st.markdown(
        """
It is 0 for a sure and right answer, $\\ln 2 = 0.693$ for an undecided one, and grows without bound for a sure and wrong
one. **Labels, said once:** here and in the code a real row has $y=1$ and a generated one $y=0$, so $D(x)$ is the
probability of *real*. The post's text has them the other way round (fake = 1), its code as here; exchange $D$ and
$1-D$ and its formulas become these.

D wants to be right on both kinds:
"""
    )
    st.latex(r"\max_{\theta_D}\; V = \log D(x) + \log\bigl(1 - D(G(z))\bigr)")
    st.markdown(
        """
G wants D to be wrong. Only the second term depends on $\\theta_G$; the first is a constant for G and can be added or
left out at will. So one may write G's aim as lowering the very $V$ that D raises: what one wins the other loses, a
**zero-sum game**. Or G may raise the probability of being taken for real:
"""
    )
    left, right = st.columns(2)
    left.latex(r"\text{zero-sum:}\quad \min_{\theta_G}\; \log\bigl(1 - D(G(z))\bigr)")
    right.latex(r"\text{trained:}\quad \max_{\theta_G}\; \log D(G(z))")


def _two_slopes() -> None:
    st.markdown(
        "Both ask for a larger $D(G(z))$: they **agree in direction**. They do not agree in how hard they push."
    )
    p = 0.1
    if "controls" not in _learn.hidden():
        p = st.slider("D(G(z)): how real D holds a generated point to be", 0.01, 0.99, 0.1, 0.01, key="losses_p")
        if p != 0.1:
            _learn.tick("losses_moved")
    at = slopes(p)
    x = np.linspace(0.005, 0.995, 400)
    info = LearnLinesInfo(
        lines=[
            LearnLine("log(1 - D(G(z))), zero-sum", x, np.log1p(-x), "outlier", "dash"),
            LearnLine("-log D(G(z)), trained", x, -np.log(x), "generated"),
        ],
        x_title="D(G(z))", y_title="G's loss, to be lowered", x_range=(0, 1), y_range=(-4.2, 4.2),
        points=[
            LearnPoint("zero-sum", p, at.zero_sum, "outlier", at.zero_sum_by_p),
            LearnPoint("trained", p, at.trained, "generated", at.trained_by_p),
        ],
    )  # fmt: skip
    words = (
        f"At D(G(z)) = {p:.2f} the slope is {at.zero_sum_by_p:.2f} for the zero-sum loss (dashed) and "
        f"{at.trained_by_p:.2f} for the trained one; dotted: the tangents. Both fall to the right."
    )
    _learn.chart(learn_lines_spec(info, dark=dark()), "losses_curve", words, 380)
    st.latex(r"\frac{d}{dp}\log(1-p) = -\frac{1}{1-p}\qquad\frac{d}{dp}\bigl(-\log p\bigr) = -\frac1p")
    st.latex(r"p=\sigma(l):\quad \frac{d}{dl}\log(1-p) = -p\qquad \frac{d}{dl}\bigl(-\log p\bigr) = -(1-p)")
    st.markdown(
        f"""
What reaches G comes through D's logit $l$, where $p = \\sigma(l)$. There the slopes at {p:.2f} are
**{at.zero_sum_by_logit:.2f}** (zero-sum) and **{at.trained_by_logit:.2f}** (trained). Where D is sure that a point is
generated, early in a game, the zero-sum gradient has all but vanished: G learns nothing just when it has most to learn.
So Goodfellow et al. (2014) train the other one, and so do the paper and this library. That loss is
**not zero-sum**: the two losses on screen need not rise and fall against each other, and do not.
"""
    )


def _pushes(job: Job) -> None:
    result = job.snapshot().result
    frames = () if result is None else result.frames
    if len(frames) < 2:
        return
    step = np.array([frame.step for frame in frames], dtype=np.float64)
    zero_sum, trained = np.array([pushes(frame) for frame in frames]).T
    history = job.snapshot().history
    sure = int(history.d_fake.argmin())
    place = int(np.abs(step - sure).argmin())
    ratio = trained[place] / max(zero_sum[place], 1e-12)
    answer = "trained" if ratio > 1.5 else "zero_sum" if ratio < 1 / 1.5 else "same"
    _learn.verdict(
        "losses", answer, ANSWERS,
        f"At step {sure + 1:,} D gives the generated points {history.d_fake[sure]:.3f} on average; near there the "
        f"trained objective pushes a point {ratio:,.1f} times as hard as the zero-sum one.",
    )  # fmt: skip
    top = 1.05 * max(zero_sum.max(), trained.max())
    info = LearnLinesInfo(
        lines=[
            LearnLine("zero-sum", step, zero_sum, "outlier", "dash"),
            LearnLine("trained", step, trained, "generated"),
        ],
        x_title="steps", y_title="mean push on a generated point", x_range=(0, float(step[-1])), y_range=(0, top),
        rules=[(float(step[place]), "D surest")],
    )  # fmt: skip
    words = "Length of the gradient that reaches a generated point under either objective, from this run's own D."
    _learn.chart(learn_lines_spec(info, dark=dark()), "losses_pushes", words, 340)
    both = 2 * history.d_loss + history.g_loss
    st.markdown(
        "A generated point that D takes for real, with more than .5, is pushed harder by the zero-sum objective: that "
        "one's slope is D(G(z)), the trained one's 1 - D(G(z)). So the curves cross where D is no longer winning.\n\n"
        f"Were the game zero-sum, G's loss would be D's with the other sign, and both (D's two terms and G's) would "
        f"add up to 0 at every step. In this run their sum goes from {both.min():.2f} to {both.max():.2f}."
    )


def chapter() -> None:
    """Draw the chapter."""
    _cross_entropy()
    _two_slopes()
    config = _learn.setup("post_bias_one", stop_epochs=300, max_epochs=301)
    bias = config.generator_bias
    wins = ", so D wins within 100 steps" if bias == 1 else ""
    st.markdown(
        f"### In a real game\n\nG starts {2 * bias:g} units from where its noise lies (generator bias {bias:g}){wins}."
    )
    _learn.predict("losses", "Which objective gives G the harder push while D is winning?", ANSWERS)
    job = _learn.experiment("losses", "Train 602 steps", _server.table("onecluster"), config, live=False)
    if job is not None:
        _pushes(job)
    _learn.checklist(CHECKS)
