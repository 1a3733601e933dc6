"""Measures of a detector that need no labels: functions of logits, scaled rows, generated points and losses.

    agreement(np.stack([one.score_samples(X) for one in detector.estimators_]))  # do the seeds say the same?
    excess_mass(logits, logits_of_uniform_rows)

Logits are D's, **lower = more abnormal**. Nothing here trains, draws labels in, or knows of runs: plain numpy in, plain
numbers out. docs/labelfree.md shows how far each of them follows the AUC; most do not.
"""

from sogaal.labelfree.agreement import agreement, in_top, mean_rank, pair_agreements, top_agreement
from sogaal.labelfree.flat_loss import Fall, fall, stop_epochs_by_rule
from sogaal.labelfree.loss_entropy import entropy_stop, loss_entropy
from sogaal.labelfree.mass import excess_mass, mass_volume, uniform_rows
from sogaal.labelfree.neighbours import THETA, neighbour_ratio
from sogaal.labelfree.turning import TURNED, likeness, turn

__all__ = [
    "THETA",
    "TURNED",
    "Fall",
    "agreement",
    "entropy_stop",
    "excess_mass",
    "fall",
    "in_top",
    "likeness",
    "loss_entropy",
    "mass_volume",
    "mean_rank",
    "neighbour_ratio",
    "pair_agreements",
    "stop_epochs_by_rule",
    "top_agreement",
    "turn",
    "uniform_rows",
]
