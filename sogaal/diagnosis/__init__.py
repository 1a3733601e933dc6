"""What a run shows, in words: from its history and frames to findings with numbers, reasons and a suggestion.

    trainer = Trainer(X, config, y)
    ...
    for finding in diagnose(Evidence(config, trainer.history.view(), frames, trainer.batches, trainer.stop_step,
                                     complete=True, X=X, scaling="minmax")):
        print(finding.severity, finding.title, finding.evidence)

Each rule is a function of its own whose docstring gives threshold, reason and source: Goodfellow et al. 2014 (arXiv
1406.2661), Liu et al. 2019 (arXiv 1809.10816), J. Brownlee, *How to Identify and Diagnose GAN Failure Modes*
(machinelearningmastery.com), and what was measured here. docs/diagnosis.md shows how often they are right.
"""

from dataclasses import replace

import numpy as np

from sogaal.diagnosis.course import Course
from sogaal.diagnosis.findings import SEVERITIES, Evidence, Finding, Severity
from sogaal.diagnosis.rules_game import (
    dead_discriminator,
    discriminator_wins,
    early_spike,
    equilibrium,
    oscillation,
)
from sogaal.diagnosis.rules_generator import dead_generator, mode_collapse, never_reaches, stopped_too_early
from sogaal.diagnosis.rules_ranking import inverted_ranking, over_trained, stopped_too_late, verdict
from sogaal.diagnosis.rules_seeds import inverted_together, seeds_disagree, seeds_lost, softened, stop_at_the_edge
from sogaal.diagnosis.rules_setup import divergence, no_labels, robust_scaling, unscaled

__all__ = ["KINDS", "OF_ALL_SEEDS", "RULES", "Evidence", "Finding", "Severity", "diagnose"]

# Causes before effects; within one severity findings come in this order.
RULES = (
    divergence,
    unscaled,
    dead_generator,
    dead_discriminator,
    discriminator_wins,
    mode_collapse,
    never_reaches,
    stopped_too_late,
    over_trained,
    stopped_too_early,
    inverted_ranking,
    oscillation,
    early_spike,
    equilibrium,
    no_labels,
    seeds_lost,
    seeds_disagree,
    stop_at_the_edge,
    robust_scaling,
    inverted_together,
)
# Where several seeds choose the stop and score together, the ranking is not that of the one game which is on record.
OF_ALL_SEEDS = (
    divergence,
    unscaled,
    robust_scaling,
    seeds_lost,
    dead_generator,
    dead_discriminator,
    discriminator_wins,
    mode_collapse,
    inverted_together,
    seeds_disagree,
    stop_at_the_edge,
    no_labels,
)
KINDS: tuple[str, ...] = (*(rule.__name__ for rule in RULES), "unclear", "healthy")


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """What the run shows, most important first; empty before its first step, unless it diverged there.

    Takes milliseconds, draws no random numbers of the run's, and may be asked while the run goes on.
    """
    if not evidence.view.steps and not evidence.diverged:
        return ()
    course = Course(evidence)
    # A run that diverges passes through numbers whose squares leave the range; they are judged, not warned about.
    with np.errstate(all="ignore"):
        if not evidence.view.steps:
            only = divergence(course)
            return () if only is None else (only,)
        rules = OF_ALL_SEEDS if evidence.config.automatic else RULES
        found = [finding for rule in rules if (finding := rule(course)) is not None]
        if course.on_the_way:
            found = [_so_far(finding) for finding in found]
        if evidence.config.automatic:
            found = [softened(finding, evidence.choice) for finding in found]
        whole = None if evidence.config.automatic else verdict(course, found)
    found += [] if whole is None else [whole]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


# What G cannot come back from, however long it goes on.
_FOR_GOOD = ("divergence", "dead_generator", "dead_discriminator")


def _so_far(finding: Finding) -> Finding:
    """While G plays, what looks like a failure may yet come right: the early spike does."""
    if finding.severity != "failure" or finding.kind in _FOR_GOOD:
        return finding
    return replace(finding, severity="warning", title=f"{finding.title}, so far")


# A good verdict comes before notes: it is what people look for.
_ORDER = ("failure", "warning", "good", "note")
assert sorted(_ORDER) == sorted(SEVERITIES)
