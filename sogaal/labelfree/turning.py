"""Where D turns: the moment from which its verdicts no longer add to what it said before.

While G comes closer, D's rankings of the table stay alike and get sharper. Then G crosses the data, D turns over, and
what it ranked as abnormal may become the most normal: on many tables the AUC falls under .5 within 200 steps, and all
seeds fall with it, so that their agreement does not show it. What shows it is D itself: its ranking no longer resembles
the mean of its own verdicts so far. This rule stops there, and the mean of all verdicts up to there ranks the rows. It
is the project's own, found on the tables of docs/labelfree.md, which says how good it is.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.labelfree.agreement import agreement

FloatArray = npt.NDArray[np.floating[Any]]

# A ranking that resembles the mean so far less than this counts as turned.
TURNED = 0.8


def likeness(logits: FloatArray, mean: FloatArray) -> float:
    """Spearman's rank correlation of D's verdicts now, ``logits`` (n,), and their ``mean`` (n,) so far: -1 to 1."""
    return agreement(np.stack([logits, mean]))


def turn(likenesses: Sequence[float]) -> int | None:
    """The place of the moment at which D is seen to have turned, None while it has not.

    ``likenesses``: of the moments so far, in order. It is the first one after a likeness under :data:`TURNED` that is
    higher than that: D has turned over and begins to come back. The moment itself still counts.
    """
    for place in range(1, len(likenesses)):
        if likenesses[place - 1] < TURNED and likenesses[place] > likenesses[place - 1]:
            return place
    return None
