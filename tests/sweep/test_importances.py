"""What mattered in a sweep, by Optuna, which needs nothing but numpy for it."""

import subprocess
import sys

from sogaal.config import make_config
from sogaal.sweep import FEWEST, Trial, TrialState, dimension_of, importances, make_spec
from tests.conftest import ROOT
from tests.sweep.tables import DATA

SPEC = make_spec(DATA, make_config(), [dimension_of("lr_g=1e-5..1e-2"), dimension_of("k=1,2,3")], "auc_end")


def trials(count: int) -> list[Trial]:
    found = []
    for number in range(count):
        rate = 10 ** (-5 + 3 * (number * 7 % count) / count)
        params = {"lr_g": rate, "k": number % 3 + 1}
        found.append(Trial(number, TrialState.COMPLETED, params, 1 - abs(rate - 1e-3)))
    return found


def test_what_decides_matters_most() -> None:
    found = importances(SPEC, trials(60))
    assert set(found) == {"lr_g", "k"}
    assert abs(sum(found.values()) - 1) < 1e-9
    assert found["lr_g"] > 0.8


def test_few_trials_or_equal_ones_say_nothing() -> None:
    assert importances(SPEC, trials(FEWEST - 1)) == {}
    same = [Trial(one.number, one.state, one.params, 0.5) for one in trials(40)]
    assert importances(SPEC, same) == {}
    bad = [Trial(one.number, TrialState.FAILED, one.params) for one in trials(40)]
    assert importances(SPEC, bad) == {}


def test_optuna_is_loaded_only_where_something_is_searched() -> None:
    probe = (
        "import sogaal.sweep, sogaal.cli.sweep, sys; print(sorted({'optuna', 'dask', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
