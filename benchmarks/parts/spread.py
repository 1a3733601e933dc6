"""Mean and spread, as all tables show them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def deviation(values: npt.ArrayLike) -> float:
    """Standard deviation of a sample, by n - 1; 0 of one value."""
    found = np.asarray(values, dtype=float)
    return float(found.std(ddof=1)) if len(found) > 1 else 0.0


def shown(values: Sequence[float] | npt.NDArray[np.floating]) -> str:
    """Mean and standard deviation with three digits; the mean alone of one value."""
    text = f"{np.mean(values):.3f}"
    return f"{text} ± {deviation(values):.3f}" if len(values) > 1 else text
