"""Rules about the game: who wins, whether it swings, whether it ends in a draw."""

from math import log

import numpy as np
import numpy.typing as npt

from sogaal.diagnosis.advice import nothing_known, score_at_stop, several_generators, stop_at_arrival, toward_usual
from sogaal.diagnosis.course import D_WINS, Course
from sogaal.diagnosis.findings import Finding

# An early win: D's loss under, G's loss over, for at least so many steps in a row.
SPIKE_D, SPIKE_G, SPIKE_STEPS = 0.2, 2.0, 10
# The game has come back where D's loss at its end is over this.
RECOVERED_D = 0.4
# Losses within these of ln 2 are a draw (D's varies less, it is a mean over both kinds of rows).
DRAW_D, DRAW_G = 0.03, 0.06
# Movements of mean losses in one direction that count, and how many in the second half of the game make a swing.
SWING_D, SWING_G = 0.1, 0.3
SWINGS = 4


def discriminator_wins(course: Course) -> Finding | None:
    """D's loss and D(G(z)) near 0 while G trains: failure; only once G is frozen: warning or note.

    Threshold: both medians over the last fortieth of the steps under .1. Goodfellow et al. 2014, section 3: early on D
    rejects samples with high confidence and log(1 - D(G(z))) saturates; Brownlee: "convergence failure", D's loss goes
    to 0 and stays. Measured: D's loss at the stop .41 to .71 with the usual values, under .03 unscaled, with a
    dead generator, with D's learning rate .3 in 19 of 20. At the end D's loss may be low in a good run: MO-GAAL on
    breast_cancer ends with .13 to .21 and an AUC of .99, hence .1 and not more.
    """
    stop, end = course.at_stop, course.at_end
    if stop.d_loss < D_WINS and stop.d_fake < D_WINS:
        advice = toward_usual(course) or several_generators(course) or nothing_known()
        since = _since(course, course.means(course.view.d_loss) < D_WINS)
        return Finding(
            kind="discriminator_wins",
            title="The discriminator wins",
            severity="failure" if not course.scored_auc >= 0.9 else "warning",
            evidence=f"D loss {stop.d_loss:.3f} and mean D(G(z)) {stop.d_fake:.3f} at step {course.game_end:,} (a "
            f"draw would be 0.69 and 0.5), D loss under {D_WINS:g} since step {since:,}; G loss {stop.g_loss:.1f}.",
            explanation="D tells generated points from data without fail, so G gets no hint which way to go and "
            "stays where it is. D needs to look at nothing but the gap between the two; where the data end it need "
            "not know.",
            suggestion=advice.text,
            changes=advice.changes,
            steps=(since, course.game_end),
            numbers={"d_loss": stop.d_loss, "d_fake": stop.d_fake, "g_loss": stop.g_loss},
        )
    if not course.frozen or not (end.d_loss < D_WINS and end.d_fake < D_WINS):
        return None
    advice = score_at_stop()
    used = course.config.score_at == "end"
    return Finding(
        kind="discriminator_wins",
        title="The discriminator wins once G is frozen",
        severity="warning" if used and not course.scored_auc >= 0.9 else "note",
        evidence=f"D loss {stop.d_loss:.3f} when G stopped (step {course.game_end:,}), {end.d_loss:.3f} at step "
        f"{course.last_step:,}; mean D(G(z)) {end.d_fake:.3f}.",
        explanation="After G has stopped, D goes on learning against the same points and in the end knows them by "
        "heart. While G played, D had not won.",
        suggestion=advice.text if used else "",
        changes=advice.changes if used else {},
        steps=(course.game_end, course.last_step),
        numbers={"d_loss": end.d_loss, "d_fake": end.d_fake},
    )


def early_spike(course: Course) -> Finding | None:
    """D wins early, and loses its lead again before the game ends: a note.

    Threshold: D's loss under .2 with G's over 2 for ten steps or more, and D's loss back over .4 at the end of the
    game. Goodfellow et al. 2014, section 3 (G is poor early in learning). Measured with generator bias 1 on
    onecluster: always; G starts at z + 2, G's loss reaches about 3.2 and D's falls to .08 to .10 near iteration 110 to
    150. It is not the failure itself: at iteration 1,000 the AUC is .99, and it declines after G is frozen.
    """
    stop = course.game_end
    low = (course.view.d_loss[:stop] < SPIKE_D) & (course.view.g_loss[:stop] > SPIKE_G)
    run = _longest_run(low)
    if run is None or run[1] - run[0] < SPIKE_STEPS or course.at_stop.d_loss < RECOVERED_D:
        return None
    first, last = run
    where = first + int(np.argmin(course.view.d_loss[first:last]))
    top = float(course.view.g_loss[:last].max())
    at_top = int(np.argmax(course.view.g_loss[:last])) + 1
    bias = abs(course.config.generator_bias) >= 0.3
    away = next((d for step, d in course.distances if step <= where), float("nan"))
    start = f" At the start G's points were {away:.0f} times the edge of the data away." if away > 2 else ""
    later = course.auc(stop)
    ranking = f" AUC {later:.3f} at step {stop:,}." if np.isfinite(later) else ""
    return Finding(
        kind="early_spike",
        title="D won early, then lost its lead",
        severity="note",
        evidence=f"D loss down to {course.view.d_loss[where]:.3f} at step {where + 1:,}, G loss up to {top:.1f} at "
        f"step {at_top:,}; D loss back at {course.at_stop.d_loss:.2f} at step {stop:,}.{start}{ranking}",
        explanation="G was so far from the data that D told the two apart at once. G then came nearer and the game "
        "went on. The spike alone does not spoil the ranking; what matters is what follows, above all after G stops.",
        suggestion="Start G near the noise: generator bias 1e-5." if bias else "",
        changes={"generator_bias": 1e-5} if bias else {},
        steps=(first + 1, last),
        numbers={"d_loss": float(course.view.d_loss[where]), "g_loss": top, "step": where + 1},
    )


def dead_discriminator(course: Course) -> Finding | None:
    """D gives every row the same score.

    Threshold: the logits' standard deviation over the rows under 1e-4 in the frame at the end of the game; without
    frames, the means of D(x) and D(G(z)) as close. All hidden ReLUs are off and D is its last bias. It looks like the
    equilibrium (both losses ln 2), and the AUC is exactly .5. Measured: D's learning rate 1 on onecluster, 12 of
    20 seeds; 10, all of 8; logits then differ by less than 1e-6, against .02 and more in all other runs.
    """
    if not course.dead_d:
        return None
    stop = course.at_stop
    advice = toward_usual(course) or nothing_known()
    since = _since(course, np.abs(course.means(course.view.d_real) - course.means(course.view.d_fake)) < 1e-3)
    return Finding(
        kind="dead_discriminator",
        title="The discriminator is dead",
        severity="failure",
        evidence=f"D gives every row the same score at step {course.game_end:,}; mean D(x) {stop.d_real:.3f}, mean "
        f"D(G(z)) {stop.d_fake:.3f}, seen since step {since:,}.",
        explanation="All hidden units of D are off for every row: what D says no longer depends on the row, so there "
        "is no ranking and G gets no gradient. Losses near 0.69 are no equilibrium here.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(since, course.game_end),
        numbers={"d_real": stop.d_real, "d_fake": stop.d_fake},
    )


def equilibrium(course: Course) -> Finding | None:
    """Both losses near ln 2 when the game ends: a note, for it says little about the ranking.

    Threshold: D's median loss within .03 and G's within .06 of ln 2 = .693, D not dead. Goodfellow et al. 2014,
    section 4: D = 1/2 everywhere is the optimum, with the value -log 4. Measured on onecluster: with the usual values
    the losses come there as G stops in 12 of 20 seeds (AUC 1.00), with bias 1 in 13 (.84 to 1.00), and trained on
    without a stop in 12, some of them with an AUC under .1. MO-GAAL's sub-generators have other targets and no such
    point, so it is not asked there.
    """
    stop = course.at_stop
    near = abs(stop.d_loss - log(2)) < DRAW_D and abs(stop.g_loss - log(2)) < DRAW_G
    if course.config.algorithm == "mo-gaal" or not near or course.dead_d or course.game_end < 500:
        return None
    if course.means(course.view.d_loss).min() > log(2) - DRAW_D:
        return None  # it has never been anywhere else: nothing has been played yet
    return Finding(
        kind="equilibrium",
        title="Equilibrium: D can no longer tell",
        severity="note",
        evidence=f"D loss {stop.d_loss:.3f} and G loss {stop.g_loss:.3f} over the steps {stop.first:,} to "
        f"{stop.last:,}; ln 2 = 0.693.",
        explanation="Generated points and data look alike to D: the theory's end of the game. D's ranking then rests "
        "on what is left of earlier rounds; it may be perfect or upside down, and the losses do not say which.",
        steps=stop.steps,
        numbers={"d_loss": stop.d_loss, "g_loss": stop.g_loss},
    )


def oscillation(course: Course) -> Finding | None:
    """The losses go up and down again and again in the second half of the game.

    Threshold: four movements or more, in turn up and down, of at least .1 in the mean loss of D or .3 in that of G
    (means over a fiftieth of the game). Brownlee: in a stable run losses settle, with some variance. Measured: in no
    run with the usual values on onecluster and breast_cancer, in 16 of 20 without a stop, in 16 on highdim.
    """
    half = {}
    for name, column, least in (("D", course.view.d_loss, SWING_D), ("G", course.view.g_loss, SWING_G)):
        means = course.means(column)
        half[name] = (_swings(means[len(means) // 2 :], least), means[len(means) // 2 :])
    name = max(half, key=lambda key: half[key][0])
    count, means = half[name]
    if count < SWINGS or course.dead_d:
        return None
    advice = toward_usual(course) or stop_at_arrival(course) or nothing_known()
    first = course.stretch_end(len(course.means(course.view.d_loss)) // 2 - 1) + 1
    return Finding(
        kind="oscillation",
        title="The two networks swing past each other",
        severity="warning" if not course.scored_auc >= 0.9 else "note",
        evidence=f"{count} movements up or down of {name}'s mean loss between steps {first:,} and {course.game_end:,}, "
        f"from {means.min():.2f} to {means.max():.2f}.",
        explanation="G runs to where D takes points for real, D learns to reject that place, G runs on. The ranking "
        "then depends on the moment at which G is stopped.",
        suggestion=advice.text,
        changes=advice.changes,
        steps=(first, course.game_end),
        numbers={"swings": count, "lowest": float(means.min()), "highest": float(means.max())},
    )


def _since(course: Course, holds: npt.NDArray[np.bool_]) -> int:
    """The first step of the stretches at the end of the game in which something holds throughout."""
    broken = np.nonzero(~holds)[0]
    if not len(broken):
        return 1
    return min(course.stretch_end(broken[-1]) + 1, course.at_stop.first)


def _longest_run(holds: npt.NDArray[np.bool_]) -> tuple[int, int] | None:
    """The longest stretch [start, end) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    if not len(edges):
        return None
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])


def _swings(values: npt.NDArray[np.float64], least: float) -> int:
    """How many movements of at least ``least``, in turn up and down, the values make."""
    count, direction = 0, 0
    low = high = float(values[0]) if len(values) else 0.0
    for value in values.tolist():
        low, high = min(low, value), max(high, value)
        if direction >= 0 and value <= high - least:
            count, direction, low, high = count + 1, -1, value, value
        elif direction <= 0 and value >= low + least:
            count, direction, low, high = count + 1, 1, value, value
    return count
