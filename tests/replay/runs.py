"""Short real runs to replay."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.config import make_config
from sogaal.frames import Frame
from sogaal.planes import Plane, feature_plane, pca_plane
from sogaal.replay import replay_payload
from sogaal.trainer import Trainer

DTYPES = {"f4": np.float32, "i4": np.int32, "u1": np.uint8, "u2": np.uint16}


@dataclass(frozen=True)
class Recorded:
    """A trained run with its frames and the plane to draw it in."""

    trainer: Trainer
    frames: tuple[Frame, ...]
    plane: Plane

    def payload(self, **changes: Any) -> bytes:
        trainer = self.trainer
        arguments = {
            "frames": self.frames,
            "view": trainer.history.view(),
            "X": trainer.X,
            "y": trainer.y,
            "plane": self.plane,
            "stop_step": trainer.stop_step,
            "total_steps": trainer.total_steps,
            "total_epochs": trainer.total_epochs,
            "title": "a cluster",
        }
        return replay_payload(**(arguments | changes))


def record(d: int = 2, labels: bool = True, every: int = 3, n: int = 200, **values: Any) -> Recorded:
    """A run of a few dozen steps on a cluster with outliers around it, a frame every few steps."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(0.5, 0.06, (n - 20, d)), rng.uniform(0, 1, (20, d))]).astype(np.float32)
    y = (np.arange(n) >= n - 20).astype(np.int8)
    chosen = {"stop_epochs": 12, "batch_size": 100, "lr_d": 0.2, "lr_g": 0.1} | values
    trainer = Trainer(X, make_config("post", **chosen), y if labels else None)
    frames = [trainer.frame()]
    while trainer.advance(every):
        frames.append(trainer.frame())
    plane = feature_plane(X, 0, 1, ("x", "y")) if d == 2 else pca_plane(X)
    return Recorded(trainer, tuple(frames), plane)


def array(packed: dict[str, str]) -> npt.NDArray[np.generic]:
    """What the browser makes of a packed array."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=DTYPES[packed["dtype"]])


def content(payload: bytes) -> dict[str, Any]:
    return json.loads(payload)
