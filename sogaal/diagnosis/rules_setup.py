"""Rules about the set-up and about what cannot be known."""

import numpy as np

from sogaal.diagnosis.advice import nothing_known, toward_usual
from sogaal.diagnosis.course import Course
from sogaal.diagnosis.findings import Finding
from sogaal.labelfree.measured import found, scaling_words

# Mean losses over a stretch beyond this are no longer a game: at 10, D gives generated points e^-10.
RUNAWAY_LOSS = 10.0


def unscaled(course: Course) -> Finding | None:
    """Scaling "none" while features lie outside G's reach.

    Threshold: a feature counts when its 5 % or 95 % quantile is more than .5 outside [0, 1], or when these are less
    than .02 apart: G starts as (about) the identity on noise in [0, 1) and, ending in a ReLU, never makes a negative
    number (Liu et al. 2019; their tables come scaled). Measured over 20
    seeds, mean AUC when G stops, unscaled against scaled: breast_cancer .08 and .99, wine .14 and .65.
    """
    if course.config_scaling != "none" or course.outside_share <= 0:
        return None
    low, high = course.box
    share, negative = course.outside_share, course.negative_share
    known = f"{share:.0%} of the features lie outside what G starts with, [0, 1]; their values go from {low:.4g} to "
    known += f"{high:.4g}."
    if negative:
        known += f" {negative:.0%} have negative values, which G, ending in a ReLU, cannot make."
    return Finding(
        kind="unscaled",
        title="The data are not scaled",
        severity="failure" if course.lost_game else "warning",
        evidence=known,
        explanation="G turns noise between 0 and 1 into points. Where the data lie far from there, or are much wider "
        "or narrower, D tells the two apart at a glance by their size alone and G has no way to catch up.",
        suggestion="Scale the columns to [0, 1], where G's noise lies.",
        changes={"scaling": "minmax"},
        steps=(1, course.last_step) if course.last_step else None,
        numbers={"outside_share": share, "negative_share": negative, "low": low, "high": high},
    )


def robust_scaling(course: Course) -> Finding | None:
    """Robust scaling where the seeds choose the stop: a warning.

    Threshold: the scaling alone. The extreme rows then lie outside [0, 1], where G's noise lies and where D learns to
    say "generated" first. Measured on the seventeen tables of docs/labelfree.md: mean AUC .80 with min-max, .44 with
    robust; scaling "none" is as min-max where the values lie in [0, 1] anyway, and else what `unscaled` says.
    """
    if not course.config.automatic or course.config_scaling != "robust":
        return None
    one = found()
    return Finding(
        kind="robust_scaling",
        title="The automatic stop ranks badly with robust scaling",
        severity="warning",
        evidence=scaling_words(),
        explanation="Robust scaling puts the middle half of a column where G's noise lies, and the extreme rows far "
        "outside, where G does not come from. D then learns to reject the middle, and the ranking may be upside down.",
        suggestion="Scale the columns by min-max to [0, 1].",
        changes={"scaling": "minmax"},
        numbers={"auc_minmax": one.auto, "auc_robust": one.robust},
    )


def divergence(course: Course) -> Finding | None:
    """Numbers left the finite range, or G's loss runs away while G trains.

    Threshold: the run's own message; else a mean of G's loss over a fiftieth of the game beyond 10. A loss of 10 means
    D(G(z)) near e^-10; the gradient that reaches G has then vanished or explodes (Goodfellow et al. 2014, section 3).
    Measured: in no run with the usual values; in 13 of 20 with D's learning rate at .3, in 17 with momentum .99.
    """
    means = course.means(course.view.g_loss)
    advice = toward_usual(course) or nothing_known()
    if course.evidence.diverged:
        last = course.last_step
        return Finding(
            kind="divergence",
            title="The training diverged",
            severity="failure",
            evidence=f"{course.evidence.diverged} {last:,} steps were recorded before.",
            explanation="The updates grew from step to step until the numbers no longer fit into the computer's. "
            "Steps that are too large for the data's scale do that.",
            suggestion=advice.text,
            changes=advice.changes,
            steps=(last + 1, last + 1),
            numbers={"steps": last},
        )
    if not len(means) or means.max() <= RUNAWAY_LOSS:
        return None
    over = np.nonzero(means > RUNAWAY_LOSS)[0]
    first, last = course.stretch_end(over[0] - 1) + 1, course.stretch_end(over[-1])
    return Finding(
        kind="divergence",
        title="G's loss runs away",
        severity="warning",
        evidence=f"Mean G loss up to {means.max():.1f} between steps {first:,} and {last:,}; 0.69 is a draw.",
        explanation="D is so sure of itself that G's loss shoots up. The numbers are still finite, but G is pushed "
        "about by a gradient that is far too large, or gets none at all.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(first, last),
        numbers={"g_loss": float(means.max())},
    )


def no_labels(course: Course) -> Finding | None:
    """The table has no labels: say which statements rest on stand-ins, and what nobody can know."""
    if course.has_labels or not len(course.view.eval_step):
        return None
    together = course.config.automatic
    probe = course.probe_together if together else course.probe(course.scored_step)
    takes = "The D's that rank together take" if together else "D takes"
    stand_in = (
        f"{takes} a row for more real than a point anywhere in the table's box with a chance of {probe:.2f}; .5 is "
        "guessing."
        if np.isfinite(probe)
        else "There is no D that scored, or no table any more, from which a stand-in could be computed."
    )
    return Finding(
        kind="no_labels",
        title="How good the ranking is, nobody can say here",
        severity="note",
        evidence=f"No labels. {stand_in}",
        explanation="Without labels there is no AUC. What stands in for it asks whether D sees the data as more real "
        "than empty space: when that falls, D has lost the shape of the data. When it is high, outliers that lie "
        "between or within the data may still be missed; whether the top rows are outliers, only somebody who knows "
        "the table can say.",
        numbers={"probe": probe} if np.isfinite(probe) else {},
    )
