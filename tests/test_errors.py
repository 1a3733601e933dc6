import copy
import pickle

import pytest

from sogaal.errors import ConfigError, DataError, DivergedError, ModelError, SogaalError


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (DataError("a.csv: empty"), ValueError),
        (ConfigError("k must be at least 1, got 0.", field="k"), ValueError),
        (DivergedError("Training diverged at step 7.", 7, "d_loss"), ArithmeticError),
        (ModelError("no model"), ValueError),
    ],
)
def test_errors_have_one_base_and_survive_pickling(error: SogaalError, builtin: type[Exception]) -> None:
    assert isinstance(error, SogaalError)
    assert isinstance(error, builtin)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


def test_error_fields() -> None:
    assert ConfigError("together they make no sense").field is None
    assert ConfigError("k must be ...", field="k").field == "k"
    error = DivergedError("Training diverged at step 7.", 7, "d_loss")
    assert (str(error), error.step, error.quantity) == ("Training diverged at step 7.", 7, "d_loss")
