"""Runs made of random numbers, shaped as the trainer makes them."""

import numpy as np
import numpy.typing as npt

from sogaal.frames import DiscriminatorWeights, Frame
from sogaal.history import History, HistoryView

FloatArray = npt.NDArray[np.float32]


def table(n: int = 300, n_outliers: int = 12, d: int = 2, seed: int = 0) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    rng = np.random.default_rng(seed)
    X = np.vstack([rng.normal(0.5, 0.06, (n - n_outliers, d)), rng.uniform(0, 1, (n_outliers, d))]).astype(np.float32)
    return X, (np.arange(n) >= n - n_outliers).astype(np.int8)


def weights(d: int = 2, hidden: int = 16, seed: int = 0) -> DiscriminatorWeights:
    rng = np.random.default_rng(seed)
    w1, b1 = rng.normal(0, 1, (d, hidden)).astype(np.float32), rng.normal(0, 0.3, hidden).astype(np.float32)
    return DiscriminatorWeights(w1, b1, rng.normal(0, 1, hidden).astype(np.float32), 0.1)


def frame(generated: FloatArray | None = None, *, d: int = 2, k: int = 1, m: int = 200, seed: int = 0) -> Frame:
    if generated is None:
        generated = np.random.default_rng(seed).uniform(0, 1, (m, d)).astype(np.float32)
    owner = (np.arange(len(generated)) % k).astype(np.int16)
    return Frame(1, 1, generated, owner, weights(generated.shape[1], seed=seed))


def history(steps: int = 1000, *, every: int = 2, k: int = 1, labels: bool = True, seed: int = 0) -> HistoryView:
    rng = np.random.default_rng(seed)
    record = History(k)
    by_step = {
        name: rng.uniform(0.4, 0.9, steps).astype(np.float32) for name in ("d_loss", "g_loss", "d_real", "d_fake")
    }
    record.add_steps({**by_step, "sub_g_loss": rng.uniform(0.4, 0.9, (steps, k)).astype(np.float32)})
    at = np.arange(every, steps + 1, every)
    measured = {name: rng.uniform(0.6, 0.95, len(at)) for name in ("auc", "average_precision", "precision_at_n")}
    if not labels:
        measured = {name: np.full(len(at), np.nan) for name in measured}
    record.add_evaluations({"eval_step": at, **measured, "spread": np.linspace(2, 0.8, len(at))})
    return record.view()
