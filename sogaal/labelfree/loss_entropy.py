"""Loss entropy: is D's loss spread over all rows, or does it gather on a few?

Y. Huang et al., *EntropyStop: Unsupervised Deep Outlier Detection with Loss Entropy*, KDD 2024 (arXiv 2405.12502): the
entropy of the rows' shares of the loss falls while a model fits the inliers before the outliers, and training stops
where it is lowest. They show it for autoencoders, whose loss is the score. D's loss on real rows, -log D(x), is too.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]


def loss_entropy(logits: FloatArray) -> float:
    """The entropy, in nats, of the rows' shares of D's loss; ``logits`` (n,): 0 (one row has it all) to ln n.

    **Lower is better**, says the paper. Where D has no loss at all every row has the same share.
    """
    loss = np.logaddexp(0, -np.asarray(logits, dtype=np.float64))
    total = loss.sum()
    if not total > 0:
        return float(np.log(len(loss)))
    share = loss[loss > 0] / total
    return float(-(share * np.log(share)).sum() + 0.0)


def entropy_stop(entropies: FloatArray, patience: int, ratio: float = 0.1) -> int:
    """The place in ``entropies`` (e,), e >= 1, at which EntropyStop keeps the model.

    A new lowest one counts if it lies so much under the last that counted that the fall is more than ``ratio`` of the
    whole way that the curve went meanwhile; after ``patience`` moments without one the training would have stopped.
    """
    values = np.asarray(entropies, dtype=np.float64)
    if not len(values):
        raise ValueError("entropies must have at least one moment, got none.")
    best, way, waited = 0, 0.0, 0
    for place in range(1, len(values)):
        way += abs(values[place] - values[place - 1])
        if values[place] < values[best] and values[best] - values[place] > ratio * way:
            best, way, waited = place, 0.0, 0
        else:
            waited += 1
        if waited >= patience:
            break
    return best
