"""G's two objectives, in the labels of the code (real = 1): min log(1 - D(G(z))), and max log D(G(z)).

The first is the zero-sum game as Goodfellow et al. 2014 (arXiv 1406.2661) state it; the second is what is trained,
there and here.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from sogaal.frames import Frame

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """Both losses of G at p = D(G(z)), to be lowered, and their slopes: by p, and by D's logit, where p = sigmoid(l).

    ``zero_sum``: log(1 - p); ``trained``: -log p.
    """

    p: float
    zero_sum: float
    trained: float

    @property
    def zero_sum_by_p(self) -> float:
        """d log(1 - p) / dp."""
        return -1 / (1 - self.p)

    @property
    def trained_by_p(self) -> float:
        """d (-log p) / dp."""
        return -1 / self.p

    @property
    def zero_sum_by_logit(self) -> float:
        """d log(1 - p) / dl = -p: nothing is left of it where D is sure that the point is generated."""
        return -self.p

    @property
    def trained_by_logit(self) -> float:
        """d (-log p) / dl = -(1 - p): strongest where D is sure."""
        return -(1 - self.p)


def slopes(p: float) -> Slopes:
    """Both objectives at ``p`` = D(G(z)), 0 < p < 1."""
    return Slopes(p, float(np.log1p(-p)), float(-np.log(p)))


def pushes(frame: Frame) -> tuple[float, float]:
    """How long the gradient at a generated point is on average: (zero-sum, trained), mean over the frame's points.

    Both point the same way, along D's own gradient; they differ by the factors p and 1 - p.
    """
    p = expit(frame.discriminator.logits(frame.generated).astype(np.float64))
    length = np.linalg.norm(frame.discriminator.gradient(frame.generated).astype(np.float64), axis=1)
    return float((p * length).mean()), float(((1 - p) * length).mean())
