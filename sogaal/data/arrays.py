"""NumPy files: `.npz` with X and y, as ADBench has them, and a bare `.npy` matrix. Nothing is ever unpickled."""

import io
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sogaal.data.columns import RawTable
from sogaal.data.limits import check_size
from sogaal.data.matrices import table_from_arrays
from sogaal.errors import DataError

_UNREADABLE = (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


def read_npy(data: bytes, filename: str, max_bytes: int) -> RawTable:
    """A matrix of features without labels."""
    X = _read_array(io.BytesIO(data), filename, "the array", len(data), max_bytes)
    return table_from_arrays(X, None, filename)


def read_npz(data: bytes, filename: str, max_bytes: int) -> RawTable:
    """X (n, d) and, where present, y (n,) of a zip archive of arrays; other arrays are not opened."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DataError(f"{filename}: the file begins as a zip archive but is damaged ({error}).") from None
    with archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        _check_kind(archive, filename)
        if "X" not in members:
            have = ", ".join(repr(name[:40]) for name in list(members)[:8]) or "nothing"
            raise DataError(f"{filename}: a .npz file must hold the features as 'X' (and labels as 'y'), got {have}.")
        X = _read_member(archive, members["X"], filename, max_bytes)
        y = _read_member(archive, members["y"], filename, max_bytes) if "y" in members else None
    return table_from_arrays(X, y, filename)


def _check_kind(archive: zipfile.ZipFile, filename: str) -> None:
    """Say what other zip archives are: people do upload their workbooks."""
    names = archive.namelist()
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise DataError(
            f"{filename}: the file must be a table, got an office document; save the table as .xlsx or CSV."
        )
    if names and not any(name.endswith(".npy") for name in names):
        raise DataError(f"{filename}: a zip archive must be a NumPy .npz file, got one with {names[0]!r}; unpack it.")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, filename: str, max_bytes: int) -> npt.NDArray[Any]:
    what = f"array {info.filename.removesuffix('.npy')!r}"
    check_size(info.file_size, max_bytes, filename, f"{what} (unpacked)")
    try:
        with archive.open(info) as stream:
            data = stream.read(info.file_size)  # never more than the directory promised
    except _UNREADABLE as error:
        raise DataError(f"{filename}: {what} cannot be unpacked ({error}).") from None
    return _read_array(io.BytesIO(data), filename, what, len(data), max_bytes)


def _read_array(stream: BinaryIO, filename: str, what: str, size: int, max_bytes: int) -> npt.NDArray[Any]:
    """One array in NumPy's own format, its header checked before anything is made of it."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            raise DataError(
                f"{filename}: {what} must hold numbers or strings, but holds pickled Python objects (dtype {dtype}), "
                f"which are never opened: unpickling can run any program."
            )
        count = int(np.prod(shape, dtype=object))
        check_size(count * dtype.itemsize, max_bytes, filename, what)
        if stream.tell() + count * dtype.itemsize > size:
            raise DataError(f"{filename}: {what} is cut short: its header promises the shape {shape}.")
        stream.seek(0)
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    except DataError:
        raise
    except (*_UNREADABLE, TypeError, SyntaxError) as error:
        raise DataError(f"{filename}: {what} is no NumPy array ({error}).") from None
    return array
