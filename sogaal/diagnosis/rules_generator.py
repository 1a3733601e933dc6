"""Rules about the generator: its points are dead, in one spot, or far from the data."""

from math import isnan

import numpy as np

from sogaal.diagnosis.advice import nothing_known, several_generators, stop_after, stop_at_arrival, toward_usual
from sogaal.diagnosis.course import FAR, Course
from sogaal.diagnosis.findings import Finding, Severity

# Spread of the generated points over that of the data.
COLLAPSED, NARROW = 0.25, 0.6
# Steps in which G learns something on tables of usual size: the post's preset takes 2,000 on its 1,000 rows.
USUAL_STEPS = 2000


def dead_generator(course: Course) -> Finding | None:
    """All generated points are 0 in a feature that varies in the data.

    Threshold: exactly 0 in every point of the frame at the end of the game; a ReLU that is off passes no gradient, so
    it stays off. That G ends in a ReLU is Liu et al.'s choice (2019, and their code).
    Measured on onecluster: all of 20 seeds with generator bias -1 or 10 or G's learning rate .1, 13 with .01, 18 with
    D's learning rate .3; none with the usual values.
    """
    points, cloud = course.final_points, course.cloud
    if points is None:
        return None
    dead = np.asarray(~points.any(axis=0), dtype=np.bool_)
    if cloud is not None:
        dead &= cloud.varying
    if not dead.any():
        return None
    since = next((frame.step for frame in course.frames if not frame.generated[:, dead].any()), course.game_end)
    count, d = int(dead.sum()), len(dead)
    advice = toward_usual(course) or nothing_known()
    return Finding(
        kind="dead_generator",
        title="The generator is dead" if count == d else "The generator is dead in some features",
        severity="failure",
        evidence=f"All {len(points):,} generated points are exactly 0 in {count} of {d} features, seen from step "
        f"{since:,} to step {course.game_end:,}.",
        explanation="G ends in a ReLU, which gives 0 for everything below 0. An update has pushed these outputs below "
        "0 for every noise there is; a ReLU that is off passes no gradient back, so G cannot recover.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(since, course.game_end),
        numbers={"dead_features": count, "features": d},
    )


def mode_collapse(course: Course) -> Finding | None:
    """The generated points are far narrower than the data at the end of the game.

    Threshold: spread (their standard deviation over the data's, mean over the features) under .25: collapse, a
    failure; under .6: narrow, a note. Goodfellow et al. 2014, section 6 ("the Helvetica scenario"); Brownlee, "mode
    collapse". Measured at the stop on onecluster: .7 to 1.3 (post), 2 to 3 (MO-GAAL), .46 to .6 (bias 1), under
    .25 in all of 20 seeds with G's learning rate .01 (there D may rank with 1.00 when G stops; at the end with .59 at
    most). Points may be as wide as the data and still miss one of several clusters; that this rule does not see.
    """
    spread = course.spread(course.game_end)
    if isnan(spread) or spread >= NARROW or course.at_step_one:
        return None
    collapsed = spread < COLLAPSED
    found = np.nonzero(course.view.spread < (COLLAPSED if collapsed else NARROW))[0]
    first = int(course.view.eval_step[found[0]])
    advice = toward_usual(course) or several_generators(course) or nothing_known()
    start = float(course.view.spread[0])
    return Finding(
        kind="mode_collapse",
        title="Mode collapse: G makes nearly one point" if collapsed else "G's points are narrower than the data",
        severity="failure" if collapsed else "note",
        evidence=f"Spread of the generated points {spread:.3f} times that of the data at step {course.game_end:,} "
        f"(at first {start:.2f}); under {COLLAPSED if collapsed else NARROW:g} first at step {first:,}.",
        explanation="G has found one place that D takes for real and makes the same point from every noise. D learns "
        "to reject that place alone and nothing about the rest of the space."
        if collapsed
        else "G's points have drawn together inside the data. They show D no more where the data end, and once G is "
        "frozen D can fit them ever more closely. With the usual set-up this may still rank well when G stops.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(first, course.game_end),
        numbers={"spread": spread, "spread_at_start": start},
    )


def never_reaches(course: Course) -> Finding | None:
    """The generated points end the game far from the data, though there was time.

    Threshold: their median distance from the data's middle is over 1.5 times that of the outermost 5 % of the rows
    (root mean square over standardised features), and D has learned (loss under .55), or D gives G no gradient.
    Liu et al. 2019: potential outliers inform D when they come close to the data. Measured at the stop:
    .4 to 1.3 with the usual values, 3 with G's learning rate 1e-6, 4 to 17 unscaled, 5 with a dead G. In the plane D
    may rank well nevertheless (AUC 1.00 with learning rate 1e-6): uniform noise is a fair reference there, and no
    longer in many dimensions. So with an AUC of .9 and more this is a note.
    """
    distance = course.final_distance
    if isnan(distance) or distance <= FAR or _untaught(course) or (course.on_the_way and not course.lost_game):
        return None
    step, nearest = course.nearest
    was_there = nearest <= 1
    if course.config.lr_g < 3e-5:
        text, changes = "Let G learn faster: learning rate 1e-4.", {"lr_g": 1e-4}
    else:
        left = stop_at_arrival(course) if was_there else None
        advice = toward_usual(course) or left or several_generators(course) or nothing_known()
        text, changes = advice.text, advice.changes
    start = course.distances[0][1]
    title = "The generator has left the data again" if was_there else "The generator never reached the data"
    since = f"; at first {start:.1f}, nearest {nearest:.1f} at step {step:,}"
    if not course.followed:
        title, since = "The generated points are far from the data", "; there are too few frames to say where they were"
    return Finding(
        kind="never_reaches",
        title=title,
        severity=_by_ranking(course),
        evidence=f"Half of the generated points are farther out than {distance:.1f} times the edge of the data at step "
        f"{course.game_end:,}{since}.",
        explanation="Potential outliers teach D where the data end only when they lie about them. These are far off, "
        "so D can separate them by any line in between, wherever that runs." + _good_nevertheless(course),
        suggestion=text,
        changes=changes,
        steps=(max(1, step), course.game_end),
        numbers={"distance": distance, "nearest": nearest, "distance_at_start": start},
    )


def stopped_too_early(course: Course) -> Finding | None:
    """G stopped, or the run is, while its points were still far away and D had hardly learned.

    Threshold: distance as in :func:`never_reaches`, with D's loss still over .55 and D not dead: both had just begun.
    Or G's loss still falls by more than .1 over the last quarter of the game with most points outside the edge of the
    data: the authors' rule (their README) is to stop where G's falling loss flattens. Measured on onecluster: stopped
    after 100 of the usual 1,000 epochs, distance 3 and D's loss .65 to .68 in all of 20 seeds, AUC .80 to .99 when G
    stops. An early stop does little harm there: it ends at .81 to 1.00, on average above the post's own setting. So it
    is never called a failure.
    """
    stop = course.config.stop_epochs
    if not course.stopped or stop == "auto" or isnan(course.final_distance) or course.dead_d:
        return None
    far = course.final_distance > FAR and _untaught(course)
    slope = course.g_loss_fall
    outside = 1 < course.final_distance <= FAR and course.nearest[1] > 1
    if not far and not (outside and slope > 0.1):
        return None
    epochs = max(2 * stop, round(USUAL_STEPS / course.evidence.batches) if far else 0)
    advice = stop_after(min(epochs, 100_000), course)
    window = course.at_stop
    good = course.scored_auc >= 0.9
    moving = f"G's loss had fallen by {slope:.2f}" if slope > 0.02 else "G's loss was not falling yet"
    return Finding(
        kind="stopped_too_early",
        title="G stopped before it reached the data" if far else "G stopped while its loss was still falling",
        severity="warning" if far and not good else "note",
        evidence=f"At step {course.game_end:,} half of the generated points were farther out than "
        f"{course.final_distance:.1f} times the edge of the data, D loss {window.d_loss:.2f}, G loss "
        f"{window.g_loss:.2f}; over the last quarter of the game {moving}.",
        explanation="The game had not been played to its end: G's points were still on their way when G was stopped. "
        "D sees only such coarse examples and learns a boundary that is too wide." + _good_nevertheless(course),
        suggestion=advice.text,
        changes=advice.changes,
        steps=(window.first, course.game_end),
        numbers={"distance": course.final_distance, "d_loss": window.d_loss, "g_loss_fall": slope},
    )


def _untaught(course: Course) -> bool:
    """Whether D has hardly learned, and G's points have not been at the data: the game has just begun."""
    return course.untaught_d and course.nearest[1] > 1


def _by_ranking(course: Course) -> Severity:
    """How bad a fault is that D may survive: with labels the ranking says it."""
    if not course.has_labels:
        return "failure" if course.lost_game else "warning"
    return "note" if course.scored_auc >= 0.9 else "failure"


def _good_nevertheless(course: Course) -> str:
    if course.scored_auc >= 0.9:
        return (
            f" Here the ranking is good nevertheless (AUC {course.scored_auc:.3f}): in few dimensions coarse "
            "examples may be enough."
        )
    return ""
