"""How much each hyperparameter mattered in a sweep, by Optuna.

PED-ANOVA (Watanabe, Bansal, Hutter, IJCAI 2023, arXiv 2304.10255), Optuna's default: how much the values of a
hyperparameter among the best tenth of the trials differ from those among all. It needs nothing but numpy.
"""

import math
from collections.abc import Sequence

from sogaal.sweep.spec import Spec
from sogaal.sweep.storage import quiet_optuna
from sogaal.sweep.trials import Trial, TrialState

# With fewer completed trials the best tenth is one or two.
FEWEST = 20


def importances(spec: Spec, trials: Sequence[Trial]) -> dict[str, float]:
    """The share of each field, which sum to 1; empty with fewer than :data:`FEWEST` completed trials, or where all
    came out the same."""
    done = [one for one in trials if one.state == TrialState.COMPLETED and one.value is not None]
    if len(done) < FEWEST or len({one.value for one in done}) < 2:
        return {}
    optuna = quiet_optuna()
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage(), direction=spec.objective.direction)
    distributions = {one.field: one.distribution() for one in spec.space}
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(one.params), distributions=distributions, value=one.value)
            for one in done
        ]
    )
    found: dict[str, float] = optuna.importance.get_param_importances(study)
    return {name: share for name, share in found.items() if math.isfinite(share)}
