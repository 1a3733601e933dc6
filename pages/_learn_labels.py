"""Chapter 1: what an outlier is, and why learning from labels fails where they are rare."""

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _server
from pages._keys import space
from pages._live_plotly import live_plotly
from pages._theme import dark
from sogaal import figures
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, LearnPoint, learn_lines_spec
from sogaal.lessons.supervised import TRAIN_INLIERS, Imbalance, imbalance

COUNTS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 57, 80, 106)
RARE = 4
ANSWERS = {
    "most": "It finds most of the outliers, as its accuracy says.",
    "half": "It finds about half of them.",
    "few": "It finds hardly any.",
}
CHECKS = {
    "labels_shown": "I looked for outliers before I saw the labels.",
    "labels_said": "I said how many outliers the classifier finds.",
    "labels_ran": "I trained it.",
    "labels_moved": "I moved the number of labelled outliers and watched the two lines part.",
}


@st.cache_data(show_spinner="Training …")
def _imbalance(seed: int) -> Imbalance:
    return imbalance(COUNTS, seed=seed)


def _table() -> None:
    st.markdown(
        """
An **outlier** is a row so unlike the bulk of a table that one suspects it came about in another way: a forged payment
among honest ones, a failing pump, an intruder in a network's log. Nothing about one row alone makes it an outlier; it
is one *beside the others*.

Here are the 1,000 rows of `onecluster`. Which would you suspect?
"""
    )
    shown = st.toggle("Show which rows its labels call outliers", key="labels_toggle")
    if shown:
        _learn.tick("labels_shown")
    dataset = _server.table("onecluster")
    scene = _server.scene(dataset.fingerprint, "minmax", (0, 1), dataset)
    if not shown:
        scene = figures.make_scene(_server.scaled(dataset.fingerprint, "minmax", dataset), None, scene.plane)
    count = int((dataset.y == 1).sum()) if dataset.y is not None else 0
    words = (
        f"The table, two features. Its labels call {count} of {dataset.n:,} rows outliers."
        if shown
        else ("The table, two features: a dense cluster and rows far from it. No labels are shown.")
    )
    live_plotly(
        figures.plane_spec(figures.plane_info(scene, None), dark=dark()),
        key="learn_labels_plane", height=360, aspect=1.08, alt=words,
    )  # fmt: skip
    st.caption(words)


def _experiment() -> None:
    st.markdown(
        f"""
### With labels: a classifier

The obvious way is to have people label rows as normal or outlying, and to train a classifier to find the boundary
between both. It learns $P(y\\mid x)$, and is called a *discriminative* model. But outliers are rare, so the classes are
badly out of balance, and an error on a rare row costs the training next to nothing.

The experiment: a logistic regression on the breast-cancer table (30 features; malignant = outlier), with
{TRAIN_INLIERS} labelled inliers and as few labelled outliers as you like. It is tested on rows that it has not seen,
mixed in the same share; ten draws each.
"""
    )
    share = RARE / (RARE + TRAIN_INLIERS)
    question = (
        f"With {RARE} labelled outliers ({share:.0%} of the rows) it will be right on 98 % of new rows. How many of "
        "the outliers among them does it find?"
    )
    _learn.predict("labels", question, ANSWERS)
    pressed = st.button(
        "Train the classifiers", key="run_labels", icon=":material/play_arrow:", type="primary", shortcut=space()
    )
    if pressed or _learn.starts():
        _learn.tick("labels_ran")
    if not _learn.done("labels_ran"):
        return
    seen = _imbalance(int(_learn.fixed().get("seed", 0)))
    place = COUNTS.index(RARE)
    found, right = seen.found[place].mean(), seen.accuracy[place].mean()
    answer = "few" if found < 0.3 else "half" if found < 0.7 else "most"
    _learn.verdict(
        "labels", answer, ANSWERS,
        f"With {RARE} labelled outliers {right:.1%} of new rows are judged rightly, and {found:.0%} of the outliers "
        f"are found. Who calls every row normal is right on {seen.idle[place]:.1%}.",
    )  # fmt: skip
    _curve(seen)


def _curve(seen: Imbalance) -> None:
    count = RARE
    if "controls" not in _learn.hidden():
        count = st.select_slider("Labelled outliers", COUNTS, value=RARE, key="labels_count")
        if count != RARE:
            _learn.tick("labels_moved")
    place, x = COUNTS.index(count), seen.share
    accuracy, found = seen.accuracy.mean(axis=1), seen.found.mean(axis=1)
    info = LearnLinesInfo(
        lines=[
            LearnLine("accuracy", x, accuracy, "inlier"),
            LearnLine("accuracy of “all normal”", x, seen.idle, "muted", "dot"),
            LearnLine(
                "outliers found", x, found, "outlier", "dash",
                low=seen.found.min(axis=1), high=seen.found.max(axis=1),
            ),
        ],
        x_title="share of outliers", y_title="share", x_range=(0, 0.38), y_range=(0, 1.03), percent=True,
        points=[
            LearnPoint("accuracy", float(x[place]), float(accuracy[place]), "inlier"),
            LearnPoint("outliers found", float(x[place]), float(found[place]), "outlier"),
        ],
    )  # fmt: skip
    words = (
        f"At {count} labelled outliers, {x[place]:.1%} of the rows: accuracy {accuracy[place]:.1%}, outliers found "
        f"{found[place]:.0%} ({seen.found[place].min():.0%} to {seen.found[place].max():.0%} over ten draws, the band)."
    )
    _learn.chart(learn_lines_spec(info, dark=dark()), "labels_curve", words)
    st.markdown(
        f"""
**Accuracy hides it**: where outliers are rare, it is made almost wholly of inliers. To be fair to the classifier: its
*ranking* is good here even so (AUC {np.mean(seen.auc[place]):.2f}, see chapter 6), only its threshold is useless. One
can even out the classes by drawing rare rows more often or common ones less. But all of that needs labels: they cost
somebody's time, and they say nothing about outliers of a kind that has not been seen yet.

**The way out** of this course: have a *generative adversarial network* make as many potential outliers as there are
rows. Then the classes are even by construction, and nobody labels anything.
"""
    )


def chapter() -> None:
    """Draw the chapter."""
    _table()
    _experiment()
    _learn.checklist(CHECKS)
