"""Chapter 6: a threshold, the ROC curve, average precision, and why the AUC alone misleads."""

import numpy as np
import streamlit as st

from pages import _learn_parts as _learn
from pages import _server
from pages._theme import dark
from sogaal import figures
from sogaal.figures.learn_lines import LearnLine, LearnLinesInfo, LearnPoint, learn_lines_spec
from sogaal.jobs import Job
from sogaal.lessons.reading import flagged, precision_at_share
from sogaal.metrics import ranking_metrics, roc_curve

TABLE = "highdim"
ANSWERS = {
    "most": "More than two thirds of them.",
    "half": "Between a third and two thirds.",
    "few": "Less than a third.",
}
CHECKS = {
    "reading_said": "I said how many of the flagged rows would be outliers.",
    "reading_ran": "I trained D and read its curves.",
    "reading_moved": "I moved the threshold along the curve and the histogram.",
    "reading_share": "I made outliers rarer and saw the precision fall while the AUC stayed.",
}


def _text() -> None:
    st.markdown(
        """
D gives every row an **outlier score** $1 - D(x)$. A score alone flags nothing: somebody has to set a **threshold**, and
flag the rows beyond it. Lower it, and more outliers are found, and more inliers are flagged with them. Over all
thresholds the pairs

- **true positive rate**, or recall: the share of the outliers that is flagged,
- **false positive rate**: the share of the inliers that is flagged,

draw the **ROC curve**. The area under it, the **AUC**, sums up all thresholds in one number: the probability that an
outlier, drawn at random, scores higher than an inlier. Guessing has .5. The labels are needed for this judgement only.
"""
    )


def _result(job: Job) -> None:
    result, y = job.snapshot().result, job.dataset.y
    if result is None or y is None:
        return
    logits = result.logits_stop if result.logits_stop is not None else result.logits_end
    outliers = int((y == 1).sum())
    auc, average, at_n = ranking_metrics(logits, y)
    answer = "few" if at_n < 1 / 3 else "half" if at_n < 2 / 3 else "most"
    _learn.verdict(
        "reading", answer, ANSWERS,
        f"The AUC of this run is {auc:.3f}. Of the {outliers} most abnormal rows {round(at_n * outliers)} are outliers "
        f"({at_n:.0%}); the average precision is {average:.3f}.",
    )  # fmt: skip
    count = outliers
    if "controls" not in _learn.hidden():
        count = st.slider("Rows flagged, the most abnormal first", 1, len(y), outliers, key="reading_count")
        if count != outliers:
            _learn.tick("reading_moved")
    _threshold(logits, y, count, auc)
    _shares(logits, y, count, auc, average)


def _threshold(logits: np.ndarray, y: np.ndarray, count: int, auc: float) -> None:
    found = flagged(logits, y, count)
    across, up, _ = roc_curve(logits, y)
    info = LearnLinesInfo(
        lines=[
            LearnLine("ROC", across, up, "auc"),
            LearnLine("guessing", np.array([0.0, 1.0]), np.array([0.0, 1.0]), "muted", "dot"),
        ],
        x_title="inliers flagged", y_title="outliers found", x_range=(-0.01, 1.01), y_range=(-0.01, 1.03),
        points=[LearnPoint("threshold", found.false_alarm_rate, found.recall, "outlier")], percent=True,
    )  # fmt: skip
    left, right = _learn.columns()
    with left:
        words = f"The ROC curve, area {auc:.3f}. The dot: {found.recall:.0%} of the outliers for "
        words += f"{found.false_alarm_rate:.1%} of the inliers."
        _learn.chart(learn_lines_spec(info, dark=dark()), "reading_roc", words, 360)
    with right:
        histogram = figures.score_histogram_info(logits, y, share=count / len(y))
        words = f"Outlier scores by kind. {figures.score_histogram_caption(histogram)}"
        _learn.chart(figures.score_histogram_spec(histogram, dark=dark()), "reading_histogram", words, 360)
    st.markdown(
        f"| | flagged | not flagged |\n|---|--:|--:|\n| outliers | {found.hits} | {found.missed} |\n"
        f"| inliers | {found.alarms} | {found.passed} |\n\nPrecision **{found.precision:.0%}**, "
        f"recall **{found.recall:.0%}**, accuracy **{found.accuracy:.1%}**."
    )


def _shares(logits: np.ndarray, y: np.ndarray, count: int, auc: float, average: float) -> None:
    own = float((y == 1).mean())
    st.markdown(
        f"""
### Why the AUC alone misleads

Both axes of the ROC curve are shares *within* a kind, so the curve does not notice how rare outliers are. Whoever works
through the flagged rows does: 1 % of many inliers can be more rows than all outliers together. **Precision** counts
that, and **average precision** is its mean over the outliers found, from the top of the ranking down. Guessing has the
share of outliers, {own:.1%} here; this run has {average:.3f}, beside an AUC of {auc:.3f}.

Keep D and its threshold, and change only how rare outliers are:
"""
    )
    share = own
    if "controls" not in _learn.hidden():
        percent = st.select_slider(
            "Outliers among the rows (%)", [0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0], 3.0, key="reading_percent"
        )
        share = percent / 100
        if percent != 3.0:
            _learn.tick("reading_share")
    found = flagged(logits, y, count)
    precision = precision_at_share(found.recall, found.false_alarm_rate, share)
    st.latex(
        r"\text{precision} = \frac{\pi\,\mathrm{TPR}}{\pi\,\mathrm{TPR} + (1-\pi)\,\mathrm{FPR}} ="
        rf" {precision:.3f}"
    )
    st.latex(
        rf"\pi = {share:.3f},\ \mathrm{{TPR}} = {found.recall:.3f},\ "
        rf"\mathrm{{FPR}} = {found.false_alarm_rate:.4f},\ \mathrm{{AUC}} = {auc:.3f}"
    )


def chapter() -> None:
    """Draw the chapter."""
    _text()
    dataset = _server.table(TABLE)
    outliers = 0 if dataset.y is None else int((dataset.y == 1).sum())
    st.markdown(
        f"### Read a run\n\nThe table `{TABLE}`: {dataset.n:,} rows, {dataset.d} features, {outliers} outliers. "
        f"SO-GAAL trains on it, and D is taken as it was when G stopped."
    )
    _learn.predict("reading", f"Of the {outliers} rows that it ranks first, how many will be outliers?", ANSWERS)
    config = _learn.setup("post", stop_epochs=300, max_epochs=301)
    job = _learn.experiment("reading", "Train 602 steps", dataset, config, live=False)
    if job is not None:
        _result(job)
    _learn.checklist(CHECKS)
