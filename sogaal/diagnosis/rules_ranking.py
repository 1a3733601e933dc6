"""Rules about the ranking: does D still know the data, and what is the verdict on the whole."""

from collections.abc import Sequence
from math import isfinite, isnan, nan

import numpy as np

from sogaal.diagnosis.advice import (
    Advice,
    both,
    nothing_known,
    score_at_stop,
    several_generators,
    stop_after,
    toward_usual,
)
from sogaal.diagnosis.course import FAR, Course
from sogaal.diagnosis.findings import Finding, Severity

# Falls of the AUC, and of its stand-in, that are a warning and that are a failure.
AUC_FALL, AUC_CRASH = 0.05, 0.15
PROBE_FALL, PROBE_CRASH = 0.1, 0.2
# A fall while G still trains.
PEAK_FALL = 0.15
# Under .5 a ranking is upside down; between this and .5 chance may have done it, for outliers are few.
INVERTED = 0.4
GOOD_AUC, WEAK_AUC = 0.9, 0.8
GOOD_PROBE = 0.85
_STAND_IN = "Chance that D takes a row for more real than a point anywhere in the table's box"


def over_trained(course: Course) -> Finding | None:
    """The ranking gets worse once G is frozen.

    Threshold: the AUC falls from the stop to the end by .05 (warning) or .15 (failure); where the set-up scores with D
    at the stop, a note. Without labels: the stand-in of :meth:`Course.probe` falls by .1 or .2, a warning, for it is no
    AUC. Liu et al. 2019 stop G and train on; our measurements in the README: .998 at the stop, .872 at 1.25 times the
    stop, .714 at the end. Over the seeds of the presets, stand-in and AUC fall together: to .90 to .95 where the AUC
    ends at .93 to 1.00, and to .70 and less where it ends under .7.
    """
    if not course.frozen or not course.stopped:
        return None
    stop, end = course.game_end, course.last_step
    if course.has_labels:
        before, after, what = course.auc(stop), course.auc(end), "AUC"
        limits = AUC_FALL, AUC_CRASH
    else:
        before, after, what = course.probe(stop), course.probe(end), _STAND_IN
        limits = PROBE_FALL, PROBE_CRASH
    fall = before - after
    if isnan(fall) or fall < limits[0]:
        return None
    used = course.config.score_at == "end"
    severity: Severity = "failure" if fall >= limits[1] and course.has_labels else "warning"
    cause = toward_usual(course)
    if cause is None and before < WEAK_AUC and course.has_labels:
        cause = several_generators(course)
    advice = both(cause, score_at_stop()) if used else Advice("", {})
    return Finding(
        kind="over_trained",
        title="D over-trained after G stopped",
        severity=severity if used else "note",
        evidence=f"{what}: {before:.3f} when G stopped (step {stop:,}), {after:.3f} at step {end:,}.",
        explanation="After G has stopped, D goes on learning against points that no longer move. It fits those ever "
        "more closely and forgets the rest of the space, where the outliers are."
        + ("" if used else " This set-up scores with D as it was when G stopped, so it does no harm."),
        suggestion=advice.text,
        changes=advice.changes,
        steps=(stop, end),
        numbers={"at_stop": before, "at_end": after},
    )


def stopped_too_late(course: Course) -> Finding | None:
    """The ranking was better well before G stopped.

    Threshold: the AUC (without labels: the stand-in, a warning) at the end of the game lies .15 under its best
    values before (see the code), these were in the first four fifths of the game, and the points have been at the
    data. The paper's answer is stop_epochs
    (Liu et al. 2019). Measured on onecluster with the post's set-up: 1.00 at step 2,000, .04 to .64 at
    6,000 where G was never stopped.
    """
    end = course.game_end
    if course.lost_game or not course.was_at_data:
        return None  # then it is not the moment that is at fault
    if course.has_labels:
        steps, values = course.view.eval_step, course.view.auc
    else:
        probes = np.array([pair for pair in course.probes if isfinite(pair[1])]).reshape(-1, 2)
        steps, values = probes[:, 0].astype(np.int64), probes[:, 1]
    inside = steps <= end
    steps, values = steps[inside], values[inside]
    if len(values) < 5 or not np.isfinite(values).all():
        return None
    # One lucky moment is no peak: the fifth-highest counts, or of many evaluations the upper twentieth's lowest.
    rank = max(5 if course.has_labels else 2, len(values) // 20)
    best = float(np.partition(values, len(values) - rank)[len(values) - rank])
    now = course.auc(end) if course.has_labels else float(values[-1])
    high = steps[values >= best]
    peak = int(high[len(high) // 2])
    if isnan(now) or best - now < PEAK_FALL or peak > 0.8 * end or best < WEAK_AUC:
        return None
    advice = stop_after(round(peak / course.evidence.batches), course)
    what = "AUC" if course.has_labels else _STAND_IN
    return Finding(
        kind="stopped_too_late",
        title="The ranking was better before G stopped" if course.stopped else "The ranking was better before",
        severity="failure" if course.has_labels else "warning",
        evidence=f"{what}: {best:.3f} around step {peak:,}, {now:.3f} at step {end:,}.",
        explanation="G went on after it had reached the data. Its points lay where the rows lie, then gathered and "
        "moved on, and D unlearned what it knew about the empty space around. "
        + ("The better moment is known here only because there are labels; without them, stop where G's falling loss "
           "flattens." if course.has_labels else "Without labels this rests on a stand-in for the AUC."),
        suggestion=advice.text,
        changes=advice.changes,
        steps=(peak, end),
        numbers={"best": best, "at_stop": now, "step": peak},
    )  # fmt: skip


def inverted_ranking(course: Course) -> Finding | None:
    """The D that scores ranks outliers as more normal than inliers.

    Threshold: AUC under .5; under .4 a failure, between only a warning: with 20 outliers in 1,000 rows, chance alone
    has a standard deviation of .065 (Hanley and McNeil 1982). Without labels: the stand-in under .5, a warning: D takes
    empty space for more real than the rows, or cannot tell them apart. Measured: AUC .04 after 6,000 steps of G without
    a stop, under .1 on wine and breast_cancer unscaled.
    """
    step = course.scored_step
    probe = nan if course.has_labels else course.probe(step)
    auc = course.scored_auc
    if not (auc < 0.5 or probe < 0.5) or course.dead_d or (course.on_the_way and course.untaught_d):
        return None
    at = "when G stopped" if step == course.game_end and course.stopped else "at the last step"
    advice = _for_ranking(course)
    if isfinite(auc):
        title = "The ranking is upside down" if auc < INVERTED else "The ranking is no better than guessing"
        evidence = f"AUC {auc:.3f} {at} (step {step:,}); .5 is guessing."
    else:
        title = "D takes empty space for more real than the rows" if probe < INVERTED else "D no longer knows the rows"
        evidence = f"{_STAND_IN}: {probe:.2f} {at} (step {step:,}); .5 is guessing."
    return Finding(
        kind="inverted_ranking",
        title=title,
        severity="failure" if auc < INVERTED else "warning",
        evidence=evidence,
        explanation="G's points lie among the normal rows, or on the other side of them, and D has learned to reject "
        "that region; what lies elsewhere, outliers too, passes for real. Do not turn the ranking round: with another "
        "seed it may come out the right way up.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(step, step),
        numbers={"auc": auc} if isfinite(auc) else {"probe": probe},
    )


def _for_ranking(course: Course) -> Advice:
    if course.config.score_at == "end" and course.frozen and course.auc(course.game_end) >= WEAK_AUC:
        return score_at_stop()
    late = stopped_too_late(course)
    if late is not None:
        return Advice(late.suggestion, dict(late.changes))
    return toward_usual(course) or several_generators(course) or nothing_known()


def verdict(course: Course, found: Sequence[Finding]) -> Finding | None:
    """Healthy, or why that cannot be said; None where a failure or a warning has been found.

    Healthy: a complete run without failure or warning whose D that scores has an AUC of .9 or more; without labels, a
    stand-in of .85 or more (then with a caveat). Under .8 the AUC is called weak: none of the faults known here, yet
    the outliers may lie where this method does not look (ring: .6 to .7, two_clusters: .6 to .8 at the stop).
    """
    if any(finding.severity in ("failure", "warning") for finding in found) or not course.last_step:
        return None
    if not course.evidence.complete:
        return _so_far(course)
    auc = course.scored_auc
    probe = nan if course.has_labels else course.probe(course.scored_step)
    if auc >= GOOD_AUC or probe >= GOOD_PROBE:
        return _healthy(course, auc, probe)
    weak = auc < WEAK_AUC
    advice = (several_generators(course) if weak else None) or nothing_known()
    stand_in = f"Stand-in for the AUC: {probe:.2f}" if isfinite(probe) else "No labels, and no frame with its table"
    return Finding(
        kind="unclear",
        title="A weak ranking, but none of the known faults"
        if weak
        else "None of the known faults, but no clear success",
        severity="warning" if weak else "note",
        evidence=f"AUC {auc:.3f} at step {course.scored_step:,}." if isfinite(auc) else f"{stand_in}.",
        explanation="The game went as it should, as far as losses, spread and distances tell. Some outliers cannot be "
        "found this way: those that lie between or within the normal rows look real to D too."
        if weak
        else "Nothing in the losses, the spread and the distances points to a fault; whether the ranking is good, this "
        "run does not show clearly.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(course.scored_step, course.scored_step),
        numbers={name: value for name, value in (("auc", auc), ("probe", probe)) if isfinite(value)},
    )


def _healthy(course: Course, auc: float, probe: float) -> Finding:
    labelled = isfinite(auc)
    stop = course.at_stop
    distance, spread = course.final_distance, course.spread(course.game_end)
    parts = [f"AUC {auc:.3f} at step {course.scored_step:,}" if labelled else f"Stand-in for the AUC {probe:.2f}"]
    parts.append(f"D loss {stop.d_loss:.2f} and G loss {stop.g_loss:.2f} at step {course.game_end:,}")
    if isfinite(spread):
        parts.append(f"spread {spread:.2f}")
    if isfinite(distance):
        parts.append(f"points at {distance:.1f} times the edge of the data")
    return Finding(
        kind="healthy",
        title="Healthy" if labelled else "Healthy, as far as one can see without labels",
        severity="good",
        evidence="; ".join(parts) + ".",
        explanation="G's points came to the data, neither network won outright, and the ranking is good. One seed "
        "proves little: look at the spread over several."
        if labelled and distance <= FAR
        else "No known fault has spoiled the ranking. One seed proves little: look at the spread over several.",
        steps=(1, course.last_step),
        numbers={
            name: value
            for name, value in (("auc", auc), ("probe", probe), ("spread", spread), ("distance", distance))
            if isfinite(value)
        },
    )


def _so_far(course: Course) -> Finding:
    auc = course.auc(course.last_step)
    ranking = f", AUC {auc:.3f}" if isfinite(auc) else ""
    return Finding(
        kind="unclear",
        title="So far, none of the known faults",
        severity="note",
        evidence=f"{course.last_step:,} steps: D loss {course.at_end.d_loss:.2f}, G loss {course.at_end.g_loss:.2f}"
        f"{ranking}.",
        explanation="The run was not done to its end, so there is no verdict: much is decided near the moment when G "
        "stops, and after it.",
        steps=(1, course.last_step),
        numbers={"d_loss": course.at_end.d_loss, "g_loss": course.at_end.g_loss},
    )
