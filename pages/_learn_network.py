"""Chapter 2: generative and discriminative models, the two networks, and who does what in a step."""

import math

import streamlit as st

from pages import _learn_parts as _learn
from pages import _server
from pages._clicks import once
from pages._theme import dark
from sogaal.config import TrainConfig
from sogaal.data import Dataset, list_datasets
from sogaal.errors import DivergedError
from sogaal.figures.learn_network import NetworkInfo, network_caption, network_svg
from sogaal.lessons.slow_step import SlowStep, slow_step, trained_to
from sogaal.trainer import Trainer

ANSWERS = {
    "down": "It gives them less: D has just learned that they are generated.",
    "same": "The same: G has not moved yet.",
    "up": "It gives them more.",
}
CHECKS = {
    "network_sizes": "I looked at the layer sizes of another table.",
    "network_said": "I said what D's own update does to D(G(z)).",
    "network_ran": "I followed a step from the noise to G's update.",
}
# Title, what happens, and which parts of the drawing are at work.
STAGES = (
    ("At rest", "Nothing yet. Press **Next part**.", ()),
    ("Noise", "Random numbers z, uniform between 0 and 1: as many a row as the table has features.", ("noise",)),
    ("G", "G multiplies, adds and cuts at zero, twice: potential outliers.", ("noise", "g1", "g2", "generated")),
    ("D judges", "D sees a batch of real rows and as many generated ones, and gives each the probability of being "
     "real.", ("generated", "real", "d1", "d2")),
    ("D's loss", "Cross-entropy over both halves: how wrong D was.", ("d2", "loss")),
    ("D learns", "The gradient runs back into D's weights, and D moves. G is left as it is.", ("loss", "back_d", "d1")),
    ("D judges again", "The same generated points, by the D that has just learned.", ("generated", "d1", "d2", "loss")),
    ("G learns", "The gradient of G's loss runs back *through* D, which stays as it is, into G's weights: G learns "
     "only from what D tells it.", ("loss", "back_g", "g1", "g2")),
)  # fmt: skip


# In the page itself and not as an image: only there a browser heeds the wish for less motion. A root of its own keeps
# the drawing's style from the charts.
_JS = """
export default function ({ parentElement, data }) {
  const node = parentElement.querySelector("div");
  node.innerHTML = data.svg;
  Object.assign(node.firstElementChild.style, { width: "100%", height: "auto", display: "block" });
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", data.alt);
}
"""
_svg = st.components.v2.component("sogaal_network", html="<div></div>", js=_JS)


@st.cache_resource(show_spinner="Training up to this step …", max_entries=64)
def slow(fingerprint: str, config: TrainConfig, steps: int, _dataset: Dataset) -> SlowStep:
    """The step after so many, of a real run on this table."""
    trainer = Trainer(_server.scaled(fingerprint, "minmax", _dataset), config, _dataset.y)
    return slow_step(trained_to(trainer, steps))


def _models() -> None:
    st.markdown(
        """
A *discriminative* model learns the boundary between kinds, $P(y \\mid x)$: is this row of kind $y$? A *generative* one
learns what the rows of a kind are like, $P(x \\mid y)$, and so can make new ones. A **generative adversarial network**
(Goodfellow et al. 2014) sets one against the other:

- the **generator G** turns random numbers into a row that might be a real one;
- the **discriminator D** is given real rows and G's, and says for each how probable it is that it is real.

D trains to tell them apart; G trains to be taken for real. Each is the other's teacher: the better one plays, the more
the other has to learn. The idea became known by pictures, videos and voices made with it; here it finds outliers.
"""
    )


def _sizes(dataset: Dataset) -> tuple[int, int]:
    """(features, rows) to draw: the table's, or the reader's own."""
    if "controls" in _learn.hidden() or not st.toggle("Sizes of a table of my own", key="network_own"):
        return dataset.d, dataset.n
    left, right = st.columns(2)
    d = left.number_input("Features d", 1, 1000, 10, key="network_d")
    return d, right.number_input("Rows n", 2, 1_000_000, 120, key="network_n")


def _drawing(d: int, n: int, stage: int, step: SlowStep | None) -> None:
    h = math.isqrt(n - 1) + 1
    values: dict[str, str] = {}
    if step is not None and stage >= 3:
        fake, loss = (step.d_fake, step.d_loss) if stage < 6 else (step.d_fake_after, step.g_loss)
        values = {"generated": f"D: {fake.mean():.3f}"}
        values |= {"real": f"D: {step.d_real.mean():.3f}"} if stage < 6 else {}
        values |= {"loss": f"{loss:.3f}"} if stage >= 4 else {}
    info = NetworkInfo(d, h, STAGES[stage][2], values)
    lit = f" At work: {STAGES[stage][0]}." if stage else ""
    words = f"{network_caption(info)} {h} is the square root of the {n:,} rows, rounded up.{lit}"
    _svg(key="network_drawing", data={"svg": network_svg(info, dark=dark()), "alt": words}, height="content")
    st.caption(words)


def _move(by: int) -> None:
    if not once("network"):
        return
    place = st.session_state.get("network_place", 0) + by
    st.session_state["network_place"] = max(0, place)
    if place % len(STAGES) == len(STAGES) - 1:
        _learn.tick("network_ran")


def chapter() -> None:
    """Draw the chapter."""
    _models()
    names = list_datasets()
    chosen = "onecluster"
    if "controls" not in _learn.hidden():
        chosen = st.selectbox("Table", names, 0, key="network_table")
    dataset = _server.table(chosen)
    d, n = _sizes(dataset)
    if (d, n) != (_server.table("onecluster").d, _server.table("onecluster").n):
        _learn.tick("network_sizes")
    own = (d, n) != (dataset.d, dataset.n)
    _learn.predict(
        "network", "D has learned from this batch. What does it give the same generated points now?", ANSWERS
    )
    place = st.session_state.get("network_place", 0)
    steps, stage = divmod(place, len(STAGES))
    try:
        step = None if own else slow(dataset.fingerprint, _learn.slow_setup(), steps, dataset)
    except DivergedError as error:
        st.error(_learn.plain(str(error)), icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="network_bar"):
        st.button("Back", key="network_back", icon=":material/arrow_back:", on_click=_move, args=(-1,), shortcut="Left")
        st.button("Next part", key="network_next", icon=":material/arrow_forward:", type="primary", on_click=_move,
                  args=(1,), shortcut="Right")  # fmt: skip
        st.markdown(f"Step {steps + 1} of a run on {dataset.name}, part {stage} of {len(STAGES) - 1}")
    _drawing(d, n, stage, step)
    st.markdown(f"**{STAGES[stage][0]}.** {STAGES[stage][1]}")
    if step is not None and stage >= 6:
        before, after = float(step.d_fake.mean()), float(step.d_fake_after.mean())
        answer = "down" if after < before - 5e-7 else "up" if after > before + 5e-7 else "same"
        _learn.verdict(
            "network",
            answer,
            ANSWERS,
            f"D(G(z)) was {before:.4f} on average and is {after:.4f} after D's update. "
            "Both halves of the batch move D at once: real rows pull up what lies near them.",
        )
    if own:
        st.caption("Numbers appear at the sizes of a shipped table: those are trained.")
    _learn.checklist(CHECKS)
