"""Rules about seeds that choose the stop together: which are in, how alike they are, where the stop fell."""

from dataclasses import replace
from math import isfinite

from sogaal.choice import Choice
from sogaal.diagnosis.advice import toward_usual
from sogaal.diagnosis.course import Course
from sogaal.diagnosis.findings import Finding

# Seeds whose rankings are less alike than this, mean over all pairs, have little in common.
DISAGREE = 0.2
# A chance under which D's tell rows from empty space the wrong way round.
GUESSING = 0.5
# A turn after no more moments than this is an early one.
EARLY_MOMENTS = 3
# What is seen in the one game on record.
OF_ONE_GAME = ("dead_generator", "dead_discriminator", "discriminator_wins", "mode_collapse")


def seeds_lost(course: Course) -> Finding | None:
    """Seeds of an automatic run that diverged: a warning; the others rank without them.

    Threshold: one. Measured: in no run of docs/diagnosis.md; with wine's columns times 1e11, unscaled, three or four
    of six, and no ranking of those that were left had an AUC over .5.
    """
    choice = course.evidence.choice
    if choice is None or not choice.dropped:
        return None
    return Finding(
        kind="seeds_lost",
        title="Some seeds diverged",
        severity="warning",
        evidence=choice.losses,
        explanation="Their numbers left the finite range, so they have no part in the ranking. What drives some seeds "
        "there is seldom good for the others: steps that are too large for the data's scale.",
        suggestion="Scale the columns to [0, 1], or lower the learning rates.",
        steps=(min(step for _, step in choice.dropped), course.last_step or 1),
        numbers={"lost": float(len(choice.dropped)), "left": float(len(choice.seeds))},
    )


def seeds_disagree(course: Course) -> Finding | None:
    """The seeds' rankings at the chosen moment have little in common: a note, for it says nothing of their mean.

    Threshold: Spearman's correlation, mean over all pairs of seeds, under .2. Measured on six shipped tables with
    the usual values: .17 to .98, and the lowest, highdim's, goes with an AUC of .93; seeds that all lost agree by
    .99. So agreement is no verdict, and low agreement is told for what it is: single seeds are not to be trusted here.
    """
    choice = course.evidence.choice
    if choice is None or not choice.agreement or not isfinite(choice.agreement[-1]):
        return None
    now = choice.agreement[-1]
    if now >= DISAGREE:
        return None
    return Finding(
        kind="seeds_disagree",
        title="The seeds disagree at the chosen moment",
        severity="note",
        evidence=f"Their rankings are alike by {now:.2f} at step {choice.steps[-1]:,} (1 = the same, 0 = nothing in "
        f"common); the highest was {max(choice.agreement):.2f}.",
        explanation="At the end D is turning over, in each seed its own way. The ranking is the mean of all seeds and "
        "moments, and may be good all the same; that of a single seed is a matter of luck here.",
        steps=(choice.steps[-1], choice.steps[-1]),
        numbers={"agreement": now},
    )


def stop_at_the_edge(course: Course) -> Finding | None:
    """The chosen moment is the last one there was, or one of the first: a note.

    Threshold: D did not turn within the run; or it turned by the third moment, so that two or three verdicts make
    the mean. Measured: onecluster never turns, and has an AUC of 1.00; digits turns at step 300 and has .64 +- .07,
    moons at 300 to 500 with .76 +- .05 (docs/labelfree.md).
    """
    choice = course.evidence.choice
    if choice is None or not choice.steps or not course.evidence.complete:
        return None
    last, moments = choice.steps[-1], len(choice.steps)
    if choice.turned and moments > EARLY_MOMENTS:
        return None
    if choice.turned:
        title, explanation = (
            "D turned early",
            ("Few verdicts make the mean, so it says less than usual. Smaller learning rates give it more moments."),
        )
        evidence = f"D turned by step {last:,}, when it had been judged {moments} times."
    else:
        title, explanation = (
            "D did not turn",
            (
                "G may not have reached the data yet, or D keeps its view all the way. Early verdicts are coarse; if "
                "G's points still lie far from the data, let the run go on for longer."
            ),
        )
        evidence = f"At the last step, {last:,}, D's ranking was still like its own mean by {choice.likeness[-1]:.2f}."
    return Finding(
        kind="stop_at_the_edge", title=title, severity="note", evidence=evidence, explanation=explanation,
        steps=(last, last), numbers={"moments": float(moments), "likeness": choice.likeness[-1]},
    )  # fmt: skip


def inverted_together(course: Course) -> Finding | None:
    """The D's that rank together take empty space for more real than the rows: a warning, for it is no AUC.

    Threshold: their `Course.probe_together` under .5. Measured with eight shipped tables and one seed of the
    preset auto: .68 to 1.00 with min-max scaling (AUC .61 to 1.00); with robust scaling, under .5 on five of eight,
    whose AUC is .00 to .69, and on no table with an AUC over .7.
    """
    probe = course.probe_together
    if not probe < GUESSING:
        return None
    advice = toward_usual(course)
    return Finding(
        kind="inverted_together",
        title="The D's together take empty space for more real than the rows",
        severity="warning",
        evidence=f"The chance that they take a row for more real than a point anywhere in the table's box is "
        f"{probe:.2f}; .5 is guessing.",
        explanation="Together they reject the region of the rows, and what lies elsewhere, outliers too, passes for "
        "real: the ranking is probably worthless, or upside down. Do not turn it round.",
        suggestion="" if advice is None else advice.text,
        changes={} if advice is None else advice.changes,
        numbers={"probe": probe},
    )


def softened(finding: Finding, choice: Choice | None) -> Finding:
    """What one game shows is no failure of seeds of which D turned: their verdicts from before rank with it.

    Measured: in highdim with D's learning rate .3 the generator dies and D wins, and the seeds' AUC is .91.
    """
    if finding.severity != "failure" or finding.kind not in OF_ONE_GAME or (choice is not None and not choice.turned):
        return finding
    more = " Seen in the one game on record; the ranking is the mean of all seeds and moments up to the turn."
    return replace(finding, severity="warning", explanation=f"{finding.explanation}{more}")
