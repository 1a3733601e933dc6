"""What leaves the program: model files and tables of scores, written whole or not at all.

A model file is in the safetensors format: D's weights as float32 arrays and one entry of metadata, "sogaal", with the
configuration, the scaling and the feature names as JSON. Nothing in it can run; nothing is ever unpickled.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sogaal.config import TrainConfig
from sogaal.errors import ConfigError, DataError, ModelError
from sogaal.frames import DiscriminatorWeights
from sogaal.metrics import flag, outlier_score, rank
from sogaal.model import At, Model
from sogaal.scaling import Scaler

MODEL_FORMAT = 1
_KEY = "sogaal"
_PARTS = ("w1", "b1", "w2", "b2")
# Share of the rows that is flagged unless people choose another.
DEFAULT_SHARE = 0.05


class HasModel(Protocol):
    """A fitted detector, or whatever else can hand out its :class:`Model`."""

    def to_model(self) -> Model:
        """Return the model."""


# -- files -------------------------------------------------------------------------------------------------------------


def check_target(path: str | Path) -> Path:
    """Return the file that writing to ``path`` makes (links followed).

    Raises :class:`DataError` where that cannot work, so that nobody trains for an hour first.
    """
    target = Path(path)
    try:
        target = target.resolve()
        if target.exists() and not target.is_file():
            raise DataError(f"{path}: the file to write must be an ordinary file, got a folder or a device.")
        if not target.parent.is_dir():
            raise DataError(f"{path}: the folder {str(target.parent)!r} must exist, and does not.")
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: the file cannot be written ({error}).") from None
    if not os.access(target.parent, os.W_OK):
        raise DataError(f"{path}: the folder {str(target.parent)!r} must be writable, and is not.")
    return target


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A path in the same folder to write to, which takes the place of ``path`` at the end, or vanishes on an error."""
    target = check_target(path)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise DataError(f"{path}: the file cannot be written ({error.strerror or error}).") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: str | Path, content: bytes) -> None:
    """Write a whole file, or leave what was there; raises :class:`DataError` where it cannot be written."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


# -- models ------------------------------------------------------------------------------------------------------------


def save_model(path: str | Path, model: Model | HasModel) -> None:
    """Write a :class:`Model`, or that of a fitted detector, to a safetensors file.

    Same model, same bytes. Raises :class:`DataError` where the file cannot be written.
    """
    if not isinstance(model, Model):
        model = model.to_model()
    tensors = {}
    for at, weights in model.discriminators.items():
        for part in _PARTS:
            tensors[f"{at}.{part}"] = np.ascontiguousarray(np.atleast_1d(getattr(weights, part)), dtype=np.float32)
    description = {
        "format": MODEL_FORMAT,
        "version": model.version,
        "at": model.at,
        "config": model.config.model_dump(),
        "scaling": model.scaler.to_dict(),
        "feature_names": None if model.feature_names is None else list(model.feature_names),
        "dataset": {"name": model.dataset, "fingerprint": model.fingerprint},
    }
    text = json.dumps(description, sort_keys=True, allow_nan=False)
    write_atomic(path, save(tensors, metadata={_KEY: text}))


def load_model(path: str | Path) -> Model:
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


def _model(found: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> Model:
    config, scaling, dataset = (_mapping(found, key) for key in ("config", "scaling", "dataset"))
    scaler = Scaler.from_dict(scaling)
    discriminators: dict[At, DiscriminatorWeights] = {}
    moments: tuple[At, At] = ("stop", "end")
    for at in moments:
        if any(name.startswith(f"{at}.") for name in tensors):
            discriminators[at] = _weights(at, tensors, scaler.d)
    if found.get("at") not in discriminators:
        raise ModelError(f"there must be weights of D at {found.get('at')!r}, got {sorted(discriminators)}.")
    return Model(
        config=TrainConfig.checked(config),
        scaler=scaler,
        discriminators=discriminators,
        at=found["at"],
        feature_names=_feature_names(found.get("feature_names"), scaler.d),
        dataset=str(dataset.get("name", "")),
        fingerprint=str(dataset.get("fingerprint", "")),
        version=str(found.get("version", "")),
    )


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


def _weights(at: At, tensors: Mapping[str, npt.NDArray[Any]], d: int) -> DiscriminatorWeights:
    found = {part: tensors.get(f"{at}.{part}") for part in _PARTS}
    w1 = found["w1"]
    h = w1.shape[1] if w1 is not None and w1.ndim == 2 else 0
    shapes = {"w1": (d, h), "b1": (h,), "w2": (h,), "b2": (1,)}
    for part, array in found.items():
        if array is None or array.shape != shapes[part] or array.dtype != np.float32 or h == 0:
            got = "nothing" if array is None else f"{array.dtype} {array.shape}"
            raise ModelError(f"D's weights {at}.{part} must be float32 {shapes[part]} with h > 0, got {got}.")
        if not np.isfinite(array).all():
            raise ModelError(f"D's weights {at}.{part} must be finite, and are not.")
    w1, b1, w2, b2 = (np.asarray(tensors[f"{at}.{part}"], dtype=np.float32) for part in _PARTS)
    return DiscriminatorWeights(w1, b1, w2, float(b2[0]))


# -- scores ------------------------------------------------------------------------------------------------------------


def scores_table(
    ids: npt.NDArray[Any],
    y: npt.NDArray[Any] | None,
    logits: npt.NDArray[np.floating[Any]],
    share: float = DEFAULT_SHARE,
) -> pd.DataFrame:
    """All rows in the table's order, a column each for id, label (where ``y`` is given), outlier score, rank and flag.

    ``logits`` (n,): lower = more abnormal. rank: 1 = most abnormal. flag: 1 for the ``share`` most abnormal rows
    (0 < share <= 1, rounded up to whole rows), else 0. ValueError for another share.
    """
    return scores_rows(ids, y, logits, rank(logits), flag(logits, share))


def scores_rows(
    ids: npt.NDArray[Any],
    y: npt.NDArray[Any] | None,
    logits: npt.NDArray[np.floating[Any]],
    ranks: npt.NDArray[np.int64],
    flags: npt.NDArray[np.int8],
) -> pd.DataFrame:
    """Some rows of :func:`scores_table`, with ranks and flags that were taken over the whole table."""
    columns: dict[str, Any] = {"id": ids}
    if y is not None:
        columns["label"] = y
    columns |= {"outlier_score": outlier_score(logits), "rank": ranks, "flag": flags}
    return pd.DataFrame(columns)


def scores_csv(table: pd.DataFrame, header: bool = True) -> bytes:
    """Rows of :func:`scores_table` as UTF-8 CSV; scores have nine decimals, the rank tells apart what looks equal."""
    rounded = table.assign(outlier_score=table["outlier_score"].round(9))
    content = pa.Table.from_pandas(rounded, preserve_index=False)
    try:
        lines = _csv(content, "none")
    except pa.ArrowInvalid:  # an id or label with a comma, a quote or a line break in it
        lines = _csv(content, "needed")
    return (",".join(table.columns) + "\n").encode() + lines if header else lines


def _csv(table: pa.Table, quoting: str) -> bytes:
    # Arrow, because pandas takes ten times as long, and millions of rows are usual.
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style=quoting))
    return bytes(sink.getvalue())
