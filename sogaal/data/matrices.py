"""From a matrix X and a vector y, as `.npz` and `.mat` files hold them, to the columns that all formats share."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sogaal.data.columns import RawTable
from sogaal.errors import DataError


def table_from_arrays(X: npt.NDArray[Any], y: npt.NDArray[Any] | None, filename: str) -> RawTable:
    """Columns x1, x2, ... and, with labels, "label"; raises DataError where shapes or types are not usable."""
    if X.ndim != 2:
        raise DataError(f"{filename}: 'X' must have two dimensions (rows, features), got the shape {X.shape}.")
    if X.dtype.kind not in "biuf":
        raise DataError(f"{filename}: 'X' must hold real numbers, got the type {X.dtype}.")
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise DataError(f"{filename}: 'X' must have rows and columns, got the shape {X.shape}.")
    columns = [_column(X[:, j]) for j in range(X.shape[1])]
    names = [f"x{j + 1}" for j in range(X.shape[1])]
    if y is not None:
        columns.append(_label_column(y, len(X), filename))
        names.append("label")
    return RawTable(filename, tuple(names), columns, place=lambda row: f"row {row + 1}", fixed_labels=y is not None)


def _column(values: npt.NDArray[Any]) -> "pa.ChunkedArray[Any]":
    native = values.astype(values.dtype.newbyteorder("="))  # Arrow takes the machine's byte order only; also a copy
    if native.dtype.itemsize > 8:  # long double
        native = native.astype(np.float64)
    return pa.chunked_array([pa.array(native)])


def _label_column(y: npt.NDArray[Any], n: int, filename: str) -> "pa.ChunkedArray[Any]":
    if y.size != n or max(y.shape, default=1) != n:
        raise DataError(f"{filename}: 'y' must hold one label for each of the {n:,} rows of 'X', got {y.shape}.")
    if y.dtype.kind not in "biufUS":
        raise DataError(f"{filename}: 'y' must hold numbers or words, got the type {y.dtype}.")
    flat = y.reshape(-1)
    if flat.dtype.kind in "US":
        return pa.chunked_array([pa.array(np.char.decode(flat, "latin-1") if flat.dtype.kind == "S" else flat)])
    return _column(flat)
