"""The step in plain C (step.c): compiled when asked for, held against the engine, and run through ctypes."""

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.engine import Engine
from sogaal.seeding import Stream

FloatArray = npt.NDArray[np.float32]
SOURCE = Path(__file__).with_name("step.c")
FLAGS = ("-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC")
# Same start, same batches, same noise: as far as two orders of summation may lead apart in a few steps.
TOLERANCE = 1e-4
CHECKED_STEPS = 8


class _Training(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n", "d", "h", "batch")),
        *((name, ctypes.c_void_p) for name in ("table", "D", "velocity_D", "G", "velocity_G")),
        *((name, ctypes.c_float) for name in ("lr_d", "lr_g", "momentum", "dampening", "decay")),
        ("step", ctypes.c_int64),
        ("random", ctypes.c_uint64),
        ("order", ctypes.c_void_p),
        ("shuffles", ctypes.c_int32),
        ("noise", ctypes.c_void_p),
        ("losses", ctypes.c_void_p),
    )


def compile_step() -> tuple[ctypes.CDLL | None, str]:
    """(library, compiler and flags), or (None, why not)."""
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    if compiler is None:
        return None, "no C compiler (cc, gcc or clang) on the path"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "step.so"
        command = [compiler, *FLAGS, str(SOURCE), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it says nothing"])[0]
            return None, f"{Path(compiler).name} failed: {reason}"
        return ctypes.CDLL(str(library)), f"{Path(compiler).name} {' '.join(FLAGS[:2])}"


class CStep:
    """A training of ``config`` (SO-GAAL) on ``X`` that starts where ``engine`` is."""

    def __init__(self, library: ctypes.CDLL, X: FloatArray, engine: Engine, config: TrainConfig) -> None:
        self._run = library.run
        self._run.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32)
        n, d = X.shape
        w = engine.discriminator_weights()
        a, a_bias, b, b_bias = engine.generator_weights()[0]
        self.D = np.concatenate([w.w1.T.ravel(), w.b1, w.w2, [w.b2]]).astype(np.float32)
        self.G = np.concatenate([a.T.ravel(), a_bias, b.T.ravel(), b_bias]).astype(np.float32)
        self._velocity = np.zeros_like(self.D), np.zeros_like(self.G)
        self._table, self._order = np.ascontiguousarray(X, dtype=np.float32), np.arange(n, dtype=np.int64)
        self._training = _Training(
            *(n, d, engine.hidden, engine.batch),
            *(array.ctypes.data for array in (self._table, self.D, self._velocity[0], self.G, self._velocity[1])),
            *(config.lr_d, config.lr_g, config.momentum, config.dampening, config.decay),
            *(0, config.seed + 1, self._order.ctypes.data, config.shuffle == "each_epoch"),
        )

    def advance(self, steps: int, trains_generator: bool = True, noise: FloatArray | None = None) -> FloatArray:
        """Do steps; (steps, 4): losses of D and G, means of D(x) and D(G(z)). ``noise`` (steps, d, batch) or drawn."""
        losses = np.empty((steps, 4), np.float32)
        self._training.losses = losses.ctypes.data
        self._training.noise = None if noise is None else noise.ctypes.data
        if self._run(ctypes.addressof(self._training), steps, trains_generator):
            raise MemoryError("step.c could not get its buffers.")
        return losses


def difference(library: ctypes.CDLL, X: FloatArray, config: TrainConfig) -> float:
    """Largest difference in weights and losses after a few steps of the C program and the engine from one start."""
    # Rates large enough for a wrong term to show, and a bias that leaves some units of G at rest.
    shown = {"lr_d": 0.1, "lr_g": 0.05, "decay": 0.01, "dampening": 0.1, "generator_bias": -0.2}
    config = config.replace(shuffle="none", whether_stop=0, **shown)
    engine = Engine(X, [config])
    other = CStep(library, X, engine, config)
    noise, ours = [], []
    for _ in range(CHECKED_STEPS):
        # What the engine itself will use in this step, without its row of ones.
        noise.append(engine._draw(Stream.NOISE_D)[0, : engine.d].numpy().copy())
        record = engine.advance(1)
        ours.append([record.d_loss[0, 0], record.sub_g_loss[0, 0, 0], record.d_real[0, 0], record.d_fake[0, 0]])
    theirs = other.advance(CHECKED_STEPS, noise=np.ascontiguousarray(np.stack(noise)))
    now = CStep(library, X, engine, config)
    pairs = ((other.D, now.D), (other.G, now.G), (theirs, np.array(ours, np.float32)))
    return max(float(np.abs(mine - its).max()) for mine, its in pairs)
