"""``checkpoint.safetensors``: what a run needs to go on bit for bit, besides its set-up, its table and its history.

D and G now with the velocities of their optimizer, D at the stop once that is past, the step and the seconds. There is
no state of a random generator: all noise and every shuffle follows from the seed and the step.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sogaal.errors import RunError
from sogaal.files import write_atomic

CHECKPOINT_FORMAT = 1
_KEY = "sogaal"


def write_checkpoint(path: str | Path, state: Mapping[str, npt.NDArray[np.generic]], token: str) -> None:
    """Write the state of a trainer; ``token``: the run it belongs to.

    Raises :class:`DataError` where the file cannot be written; what was there before then stays.
    """
    description = {"format": CHECKPOINT_FORMAT, "kind": "checkpoint", "token": token}
    arrays = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in state.items()}
    write_atomic(path, save(arrays, metadata={_KEY: json.dumps(description, sort_keys=True)}))


def read_checkpoint(path: str | Path, token: str | None = None) -> dict[str, npt.NDArray[np.generic]]:
    """The state that :func:`write_checkpoint` wrote.

    Raises :class:`RunError` that names the file and the reason: missing, damaged, of a newer format, or of another run
    than ``token`` (where it is given).
    """
    if not Path(path).is_file():
        raise RunError(f"{path}: there is no checkpoint.")
    try:
        with safe_open(Path(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(_KEY, "")
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
        found = json.loads(text)
        known = isinstance(found, dict) and found.get("kind") == "checkpoint" and isinstance(found.get("format"), int)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: the checkpoint is damaged ({str(error)[:200]}).") from None
    if not known:
        raise RunError(f"{path}: the file must be a checkpoint that sogaal saved, and is not.")
    if found["format"] > CHECKPOINT_FORMAT:
        raise RunError(
            f"{path}: the checkpoint's format must be at most {CHECKPOINT_FORMAT}, got {found['format']}: it was saved "
            "by a newer sogaal than this one."
        )
    if token is not None and found.get("token") != token:
        raise RunError(f"{path}: the checkpoint must be of run {token}, got one of {found.get('token')!r:.40}.")
    return state
