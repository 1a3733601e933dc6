"""Single precision, and double where a result leaves its range."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
AnyFloats = npt.NDArray[np.floating]

MOST = np.finfo(np.float32).max


def in_floats(formula: Callable[..., AnyFloats], *arrays: AnyFloats) -> FloatArray:
    """``formula`` of the float32 ``arrays`` as float32, at the largest float32 where the result is larger.

    Shortly before a run diverges its weights are finite and their products are not: only then it is worked out once
    more in double precision. What is NaN in the arrays is NaN in the result.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        result = np.asarray(formula(*arrays), dtype=np.float32)
        if np.isfinite(result).all():
            return result
        exact = formula(*(array.astype(np.float64) for array in arrays))
        return np.clip(exact, -MOST, MOST).astype(np.float32)
