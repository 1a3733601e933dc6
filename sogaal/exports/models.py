"""Models as files in the safetensors format: nothing in them can run, and nothing is ever unpickled.

A model file has D's weights as float32 arrays and one entry of metadata, "sogaal", with the configuration, the scaling
and the feature names as JSON.

Format 1 is a single run: w1 (d, h), b1 (h,), w2 (h,), b2 (1,) of D as "stop.w1" and so on. Format 2 holds ensembles and
snapshots: "seeds" names the M members, each array has an axis of M before the others, and "snapshots.w1" and so on have
one more after it, of the moments. Format 3 is format 2 with "preparation", what made the features of a raw table's
columns, as plain parameters. What fits into an older format is written in it, so that older versions can read it.
Arrays under "reference" say how the training table was distributed, "id_name" of "dataset" which column named its rows;
older versions pass both over.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sogaal.config import TrainConfig
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, ModelError
from sogaal.files import write_atomic
from sogaal.frames import DiscriminatorWeights
from sogaal.model import At, Model
from sogaal.preparation import Preparation
from sogaal.reference import Reference
from sogaal.scaling import Scaler

MODEL_FORMAT = 3
_KEY = "sogaal"
_PARTS = ("w1", "b1", "w2", "b2")
_REFERENCE = "reference"


class HasModel(Protocol):
    """A fitted detector, or whatever else can hand out its :class:`Model` or :class:`Ensemble`."""

    def to_model(self) -> Model | Ensemble:
        """Return the model."""


def save_model(path: str | Path, model: Model | Ensemble | HasModel) -> None:
    """Write a :class:`Model`, an :class:`Ensemble`, or that of a fitted detector, to a safetensors file.

    Same model, same bytes. Raises :class:`DataError` where the file cannot be written.
    """
    write_atomic(path, model_bytes(model))


def model_bytes(model: Model | Ensemble | HasModel) -> bytes:
    """The content of the file that :func:`save_model` writes."""
    if not isinstance(model, Model | Ensemble):
        model = model.to_model()
    members = model.members if isinstance(model, Ensemble) else (model,)
    first = members[0]
    description: dict[str, Any] = {
        "format": 1,
        "version": first.version,
        "at": first.at,
        "config": first.config.model_dump(),
        "scaling": first.scaler.to_dict(),
        "feature_names": None if first.feature_names is None else list(first.feature_names),
        "dataset": {"name": first.dataset, "fingerprint": first.fingerprint},
    }
    if first.id_name:
        description["dataset"] |= {"id_name": first.id_name}
    tensors = {f"{at}.{part}": _stacked([m.discriminators[at] for m in members], part)
               for at in first.discriminators for part in _PARTS}  # fmt: skip
    if isinstance(model, Model) and not model.snapshots and model.preparation is None:
        tensors = {name: stack[0] for name, stack in tensors.items()}
    else:
        description |= {"format": 2, "seeds": [member.config.seed for member in members]}
        if first.snapshots:
            for part in _PARTS:
                tensors[f"snapshots.{part}"] = np.stack([_stacked(member.snapshots, part) for member in members])
    if first.preparation is not None:
        description |= {"format": MODEL_FORMAT, "preparation": first.preparation.to_dict()}
    if model.reference is not None:
        tensors |= {f"{_REFERENCE}.{name}": array for name, array in model.reference.to_arrays().items()}
    text = json.dumps(description, sort_keys=True, allow_nan=False)
    return bytes(save(tensors, metadata={_KEY: text}))


def _stacked(discriminators: Sequence[DiscriminatorWeights], part: str) -> npt.NDArray[np.float32]:
    return np.stack([np.atleast_1d(getattr(weights, part)) for weights in discriminators]).astype(np.float32)


def is_prepared(path: str | Path) -> bool:
    """Whether a saved model learned from a raw table that was prepared: only its description is read.

    False for a file that is no such model: :func:`load_model` says what is wrong with it.
    """
    try:
        with safe_open(Path(path), framework="numpy") as file:
            return "preparation" in json.loads((file.metadata() or {})[_KEY])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return False


def load_model(path: str | Path) -> Model | Ensemble:
    """Read a file that :func:`save_model` wrote.

    Raises :class:`ModelError` that names the file and the reason: missing, damaged, of another program, of a newer
    format, or inconsistent in itself.
    """
    if not Path(path).is_file():
        raise ModelError(f"{path}: there is no such file.")
    try:
        with safe_open(Path(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path}: the file must be a model in safetensors format, but cannot be read ({error})."
        ) from None
    if text is None:
        raise ModelError(f"{path}: the file must be a model that sogaal saved, but is another program's.")
    try:
        return _model(_description(text), tensors)
    except (ConfigError, ModelError) as error:
        raise ModelError(f"{path}: {error}") from None


def _description(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the model's description is damaged ({error}).") from None
    if not isinstance(found, dict) or not isinstance(found.get("format"), int):
        raise ModelError("the model's description is damaged (no format).")
    if found["format"] > MODEL_FORMAT:
        raise ModelError(
            f"the model's format must be at most {MODEL_FORMAT}, got {found['format']}: it was saved by sogaal "
            f"{found.get('version')}, which is newer than this one."
        )
    return found


def _model(found: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> Model | Ensemble:
    config, scaling, dataset = (_mapping(found, key) for key in ("config", "scaling", "dataset"))
    scaler = Scaler.from_dict(scaling)
    first = TrainConfig.checked(config)
    single = found["format"] == 1
    seeds = [first.seed] if single else _seeds(found.get("seeds"), first.seed)
    axes = () if single else (len(seeds),)
    moments: tuple[At, At] = ("stop", "end")
    by_moment = {at: _weights(at, tensors, axes, scaler.d) for at in moments if _has(at, tensors)}
    snapshots: list[tuple[DiscriminatorWeights, ...]] = [()] * len(seeds)
    if not single and _has("snapshots", tensors):
        snapshots = _snapshots(tensors, len(seeds), scaler.d)
    preparation = _preparation(found, scaler) if found["format"] >= 3 else None
    there = [*by_moment, "snapshots"] if snapshots[0] else list(by_moment)
    if found.get("at") not in there:
        raise ModelError(f"there must be weights of D at {found.get('at')!r}, got {sorted(there)}.")
    members = tuple(
        Model(
            config=first.replace(seed=seed),
            scaler=scaler,
            discriminators={at: weights[number] for at, weights in by_moment.items()},
            at=found["at"],
            feature_names=_feature_names(found.get("feature_names"), scaler.d),
            dataset=str(dataset.get("name", "")),
            fingerprint=str(dataset.get("fingerprint", "")),
            version=str(found.get("version", "")),
            snapshots=snapshots[number],
            preparation=preparation,
            id_name=str(dataset.get("id_name", "")),
        )
        for number, seed in enumerate(seeds)
    )
    arrays = {name.removeprefix(f"{_REFERENCE}."): array for name, array in tensors.items() if _has(_REFERENCE, [name])}
    reference = Reference.from_arrays(arrays, scaler.d, there)
    return replace(members[0], reference=reference) if len(members) == 1 else Ensemble(members, reference)


def _preparation(found: Mapping[str, Any], scaler: Scaler) -> Preparation:
    preparation = Preparation.from_dict(_mapping(found, "preparation"))
    if preparation.feature_names != scaler.names or found.get("feature_names") != list(scaler.names):
        raise ModelError("the saved preparation must make the features that the scaling has, and does not.")
    return preparation


def _has(at: str, tensors: Iterable[str]) -> bool:
    return any(name.startswith(f"{at}.") for name in tensors)


def _seeds(seeds: Any, first: int) -> list[int]:
    if not isinstance(seeds, list) or not seeds or seeds[0] != first:
        raise ModelError(f"seeds must be a list that begins with the configuration's seed {first}, got {seeds!r:.60}.")
    return seeds


def _snapshots(tensors: Mapping[str, npt.NDArray[Any]], members: int, d: int) -> list[tuple[DiscriminatorWeights, ...]]:
    b2 = tensors.get("snapshots.b2")
    count = b2.shape[1] if b2 is not None and b2.ndim == 3 else 0
    if count == 0:
        raise ModelError("there must be at least one snapshot of each member where there are snapshots, got none.")
    flat = _weights("snapshots", tensors, (members, count), d)
    return [tuple(flat[start : start + count]) for start in range(0, members * count, count)]


def _mapping(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key)
    if not isinstance(value, dict):
        raise ModelError(f"the model's description is damaged ({key} must be an object, got {value!r}).")
    return value


def _feature_names(names: Any, d: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != d or not all(isinstance(name, str) for name in names):
        raise ModelError(f"feature_names must be {d} strings, one for each column of the scaling, got {names!r}.")
    return tuple(names)


def _weights(
    at: str, tensors: Mapping[str, npt.NDArray[Any]], axes: tuple[int, ...], d: int
) -> list[DiscriminatorWeights]:
    """All weights of D at one moment, whose arrays have the given axes before their own; in C order."""
    found = {part: tensors.get(f"{at}.{part}") for part in _PARTS}
    w1 = found["w1"]
    h = w1.shape[-1] if w1 is not None and w1.ndim == len(axes) + 2 else 0
    shapes = {"w1": (d, h), "b1": (h,), "w2": (h,), "b2": (1,)}
    flat: list[npt.NDArray[np.float32]] = []
    for part, array in found.items():
        if array is None or array.shape != (*axes, *shapes[part]) or array.dtype != np.float32 or h == 0:
            got = "nothing" if array is None else f"{array.dtype} {array.shape}"
            shape = (*axes, *shapes[part])
            raise ModelError(f"D's weights {at}.{part} must be float32 {shape} with h > 0, got {got}.")
        if not np.isfinite(array).all():
            raise ModelError(f"D's weights {at}.{part} must be finite, and are not.")
        flat.append(array.reshape(-1, *shapes[part]))
    return [DiscriminatorWeights(w1, b1, w2, float(b2[0])) for w1, b1, w2, b2 in zip(*flat, strict=True)]
