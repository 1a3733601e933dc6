"""Detectors that do not do as they should, or that take their time. Apart, because workers import them by name."""

import os
import time
from pathlib import Path

import numpy as np

from sogaal.rivals import DETECTORS, Fitted
from sogaal.rivals.classic import FloatArray

MEBIBYTES = 64


def broken(*_: object) -> Fitted:
    raise ValueError("a *singular* matrix")


def endless_numbers(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    return np.full(len(X), np.nan), lambda rows: rows


def unlucky(X: FloatArray, seed: int) -> Fitted:
    if seed == 0:
        raise ArithmeticError("it diverged")
    return X[:, 0] * seed, lambda rows: rows[:, 0]


def dies(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    os._exit(3)


def greedy(X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    np.ones((MEBIBYTES, 2**20), dtype=np.uint8)
    return X[:, 0], lambda rows: rows[:, 0]


def long(place: Path, X: FloatArray, seed: int) -> Fitted:
    """Many trainings of a real ensemble; says in ``place`` in which process it is, and that it has come to its end."""
    if len(X) != 129:  # that is wine
        return X[:, 0], lambda rows: rows[:, 0]
    (place / "pid.new").write_text(str(os.getpid()))
    (place / "pid.new").rename(place / "pid")
    for _ in range(1_000):
        DETECTORS["mo-gaal-8"].fit(X, seed)
    (place / "done").touch()
    return DETECTORS["mo-gaal-8"].fit(X, seed)


def long_in_c(place: Path, X: FloatArray, seed: int) -> Fitted:  # noqa: ARG001
    """One single fit of scikit-learn, in C, that takes minutes and cannot be asked to end."""
    from sklearn.svm import OneClassSVM

    if len(X) != 129:
        return X[:, 0], lambda rows: rows[:, 0]
    (place / "pid.new").write_text(str(os.getpid()))
    (place / "pid.new").rename(place / "pid")
    OneClassSVM().fit(np.random.default_rng(0).random((60_000, 40)))
    (place / "done").touch()
    return X[:, 0], lambda rows: rows[:, 0]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def begun(place: Path, patience: float) -> int:
    """The process id of a long fit, once it is at it."""
    end = time.monotonic() + patience
    while not (place / "pid").exists():
        assert time.monotonic() < end, "it has not begun"
        time.sleep(0.02)
    return int((place / "pid").read_text())
