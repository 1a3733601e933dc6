"""What was measured before of the post's variant, for comparison with what is on screen.

The original's semantics on the table onecluster (1,000 rows, 20 outliers) with the post's start: Xavier uniform, bias
of D .01, batches of 500 in a new order each epoch, stop_epochs 1000, so G freezes after step 2,002 of 6,000; five
seeds each. The post is "Generative Adversarial Networks For Outlier Detection" (qarchli.github.io).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sogaal.config import make_config
from sogaal.data import Dataset
from sogaal.race import Setup


@dataclass(frozen=True)
class Measured:
    """Means over five seeds: the AUC by step, at the end also its lowest and highest; losses at the end."""

    auc: Mapping[int, float]
    low: float
    high: float
    d_loss: float
    g_loss: float


MEASURED: Mapping[float, Measured] = {
    1e-5: Measured({500: 0.984, 1000: 0.997, 2000: 1.000, 3000: 0.999, 6000: 0.969}, 0.901, 0.995, 0.668, 0.786),
    0.1: Measured({500: 0.964, 1000: 0.999, 2000: 1.000, 3000: 0.985, 6000: 0.894}, 0.75, 0.99, 0.669, 0.781),
    0.3: Measured({500: 0.861, 1000: 1.000, 2000: 0.998, 3000: 0.738, 6000: 0.705}, 0.27, 1.00, 0.637, 0.874),
    1.0: Measured({500: 0.585, 1000: 0.992, 2000: 0.924, 3000: 0.525, 6000: 0.503}, 0.235, 0.805, 0.379, 2.52),
    3.0: Measured({500: 0.954, 1000: 1.000, 2000: 0.986, 3000: 0.490, 6000: 0.455}, 0.25, 0.80, 0.411, 1.99),
}
MEASURED_SEEDS = 5
# The end that the post's Figure 4 shows, one of several that bias 1 has.
POST_FIGURE_4_AUC = 0.28
# The early spike of bias 1: the losses near this step.
SPIKE_STEP, SPIKE_G_LOSS, SPIKE_D_LOSS = 110, 3.2, 0.08


def measured(dataset: Dataset, setup: Setup) -> Measured | None:
    """What was measured of this very set-up, whatever its seed; None if it was not."""
    config = setup.config
    found = MEASURED.get(config.generator_bias)
    post = make_config("post", generator_bias=config.generator_bias)
    ignored = {"seed", "score_at", "eval_every", "k", "device"}
    if found is None or dataset.name != "onecluster" or setup.scaling != "minmax":
        return None
    return None if set(config.changed_from(post)) - ignored else found
