"""One step of SO-GAAL in slow motion: everything the engine has in hand on the way, counted again in float64.

The formulas are those of :mod:`sogaal.engine`, one tensor at a time; a test holds both to the same weights after it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from sogaal.devices import one_thread
from sogaal.engine import BLOCK_FLOATS, NOISE_STEPS
from sogaal.seeding import Permutations, Stream, noise_block
from sogaal.trainer import Trainer

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SlowStep:
    """Step ``step`` (from 1), m rows of d features, h hidden units; all float64.

    ``z`` (m, d) noise, ``real`` (m, d) batch, ``generated`` (m, d) = G(z). D before its update: ``d_real``, ``d_fake``
    (m,), ``d_loss``; its gradients ``d_slopes`` and, after the update, ``d_weights``: w1 (d, h), b1 and w2 (h,), b2 ().
    Then G: ``d_fake_after`` (m,) by the updated D, ``g_loss``, ``push`` (m, d): down the gradient of G's loss at each
    generated point (the mean's factor 1/m left out), ``g_slopes`` and ``g_weights``: w1, w2 (d, d), b1, b2 (d,).
    """

    step: int
    z: FloatArray
    real: FloatArray
    generated: FloatArray
    d_real: FloatArray
    d_fake: FloatArray
    d_loss: float
    d_slopes: dict[str, FloatArray]
    d_weights: dict[str, FloatArray]
    d_fake_after: FloatArray
    g_loss: float
    push: FloatArray
    g_slopes: dict[str, FloatArray]
    g_weights: dict[str, FloatArray]


def trained_to(trainer: Trainer, steps: int) -> Trainer:
    """``trainer`` after so many steps, on one thread."""
    with one_thread():
        trainer.advance(steps - trainer.step)
    return trainer


def slow_step(trainer: Trainer) -> SlowStep:
    """The step that ``trainer`` (SO-GAAL, G still training) would do next; the trainer stays as it is."""
    if trainer.config.algorithm != "so-gaal" or trainer.generator_stopped or trainer.finished:
        raise ValueError("slow_step needs a run of SO-GAAL whose G still trains.")
    z, real = _noise(trainer), _batch(trainer)
    weights = trainer.discriminator_weights("now")
    d = {name: np.asarray(getattr(weights, name), dtype=np.float64) for name in ("w1", "b1", "w2", "b2")}
    names = ("w1", "b1", "w2", "b2")
    g = dict(zip(names, (w.astype(np.float64) for w in trainer.engine.generator_weights(0)[0]), strict=True))
    a = np.maximum(z @ g["w1"] + g["b1"], 0)
    generated = np.maximum(a @ g["w2"] + g["b2"], 0)

    x, target = np.concatenate([real, generated]), np.repeat([1.0, 0.0], len(real))
    hidden = np.maximum(x @ d["w1"] + d["b1"], 0)
    logits = hidden @ d["w2"] + d["b2"]
    error = (expit(logits) - target) / len(x)
    back = np.outer(error, d["w2"]) * (hidden > 0)
    d_slopes = {"w1": x.T @ back, "b1": back.sum(0), "w2": hidden.T @ error, "b2": np.asarray(error.sum())}
    d_after = _updated(trainer, "d", d, d_slopes, trainer.config.lr_d)

    hidden = np.maximum(generated @ d_after["w1"] + d_after["b1"], 0)
    logits_after = hidden @ d_after["w2"] + d_after["b2"]
    error = expit(logits_after) - 1
    at_point = (np.outer(error, d_after["w2"]) * (hidden > 0)) @ d_after["w1"].T
    dg = at_point * (generated > 0) / len(z)
    da = (dg @ g["w2"].T) * (a > 0)
    g_slopes = {"w1": z.T @ da, "b1": da.sum(0), "w2": a.T @ dg, "b2": dg.sum(0)}
    return SlowStep(
        step=trainer.step + 1,
        z=z, real=real, generated=generated,
        d_real=expit(logits[: len(real)]), d_fake=expit(logits[len(real) :]),
        d_loss=float(np.logaddexp(0, np.where(target == 1, -logits, logits)).mean()),
        d_slopes=d_slopes, d_weights=d_after,
        d_fake_after=expit(logits_after), g_loss=float(np.logaddexp(0, -logits_after).mean()),
        push=-at_point, g_slopes=g_slopes,
        g_weights=_updated(trainer, "g", g, g_slopes, trainer.config.lr_g),
    )  # fmt: skip


def _noise(trainer: Trainer) -> FloatArray:
    batch, d = trainer.engine.batch, trainer.d
    steps = max(1, min(NOISE_STEPS, BLOCK_FLOATS // (d * batch)))
    number, slot = divmod(trainer.step, steps)
    block = noise_block(trainer.config.seed, Stream.NOISE_D, number, (steps, d, batch))
    return np.asarray(block[slot].T, dtype=np.float64)


def _batch(trainer: Trainer) -> FloatArray:
    epoch, place = divmod(trainer.step, trainer.batches)
    shuffle, order = trainer.config.shuffle, np.arange(trainer.n)
    if shuffle != "none":
        order = Permutations(trainer.config.seed, trainer.n)(epoch if shuffle == "each_epoch" else 0)
    batch = trainer.engine.batch
    return trainer.X[order[place * batch : (place + 1) * batch]].astype(np.float64)


def _updated(
    trainer: Trainer, which: str, weights: dict[str, FloatArray], slopes: dict[str, FloatArray], rate: float
) -> dict[str, FloatArray]:
    """v = momentum v - lr_t slope; weights + v, with the velocity that the engine has."""
    config = trainer.config
    factor = (1 - config.dampening * (trainer.step > 0)) / (1 + config.decay * trainer.step)
    velocity = _velocity(trainer, which)
    return {
        name: value + config.momentum * velocity[name] - rate * factor * slopes[name] for name, value in weights.items()
    }


def _velocity(trainer: Trainer, which: str) -> dict[str, FloatArray]:
    """The optimizer's velocity of D ("d") or G ("g"), in the shapes of their weights: inputs by outputs, outputs."""
    flat = trainer.engine.state_dict()[f"{which}_velocity"]
    if which == "d":
        found = trainer.engine.discriminator_weights(0, flat)  # which knows how D lies in the flat array
        return {name: np.asarray(getattr(found, name), dtype=np.float64) for name in ("w1", "b1", "w2", "b2")}
    first, second = flat.astype(np.float64).reshape(2, trainer.d + 1, trainer.d + 1)
    return {"w1": first[:-1, :-1].T, "b1": first[:-1, -1], "w2": second[:-1, :-1].T, "b2": second[:-1, -1]}
