"""MATLAB files with X and y, as the ODDS library has them (format 4 to 7.2).

Only matrices of numbers are needed, and the format is simple (MathWorks, "MAT-File Format"), so it is read here, every
length checked against what there is: scipy's reader ends the whole process on some damaged files, and a dashboard must
survive what people upload.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.data.columns import RawTable
from sogaal.data.limits import check_size
from sogaal.data.matrices import table_from_arrays
from sogaal.errors import DataError

_HEADER = 128
_PEEK = 4096  # bytes of a compressed variable that surely hold its class, shape and name
_MATRIX, _COMPRESSED = 14, 15
_COMPLEX, _SPARSE = 0x08, 5
_ELEMENT_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = (
    "unknown cell struct object char sparse double single int8 uint8 int16 uint16 int32 uint32 int64 uint64 "
    "function opaque"
).split()
_NUMBERS = frozenset(range(_SPARSE, 16))
_OLD_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")


class _Damaged(ValueError):
    """Bytes that do not follow the format."""


@dataclass(frozen=True)
class _Variable:
    """One variable of a file: enough to say what it is, and where its numbers are.

    order: "<" or ">", the file's byte order. kind: number of the class. body: all that follows the name.
    """

    name: str
    kind: int
    flags: int
    shape: tuple[int, ...]
    order: str
    body: bytes

    @property
    def kind_name(self) -> str:
        return _CLASSES[self.kind] if self.kind < len(_CLASSES) else "unknown"


def is_mat5(head: bytes) -> bool:
    """Whether a file begins as MATLAB's format 5 to 7.2."""
    return head.startswith(b"MATLAB 5") or (head[124:128] in (b"\x00\x01IM", b"\x01\x00MI"))


def is_mat73(head: bytes) -> bool:
    """Whether a file is MATLAB's format 7.3, which is HDF5."""
    return head.startswith((b"MATLAB 7.3", b"\x89HDF\r\n\x1a\n"))


def read_mat(data: bytes, filename: str, max_bytes: int) -> RawTable:
    """X (n, d) and, where present, y (n, 1) or (1, n); no other variable is unpacked."""
    names: list[str] = []
    arrays: dict[str, npt.NDArray[Any]] = {}
    try:
        variables = _variables_5(data, filename, max_bytes) if is_mat5(data[:_HEADER]) else _variables_4(data)
        for variable in variables:
            names.append(variable.name)
            if variable.name in ("X", "y") and variable.name not in arrays:
                arrays[variable.name] = _array(variable, filename, max_bytes)
    except (_Damaged, struct.error, zlib.error) as error:
        raise DataError(f"{filename}: the file cannot be read as a MATLAB file ({error}).") from None
    if "X" not in arrays:
        have = ", ".join(repr(name[:40]) for name in names[:8]) or "nothing"
        raise DataError(f"{filename}: a .mat file must hold the features as 'X' (and labels as 'y'), got {have}.")
    return table_from_arrays(arrays["X"], arrays.get("y"), filename)


def _array(variable: _Variable, filename: str, max_bytes: int) -> npt.NDArray[Any]:
    """The variable's numbers; raises DataError for other classes, before anything is made of them."""
    if variable.kind not in _NUMBERS:
        raise DataError(
            f"{filename}: {variable.name!r} must be a matrix of numbers, got a MATLAB variable of class "
            f"{variable.kind_name}."
        )
    if variable.flags & _COMPLEX:
        raise DataError(f"{filename}: {variable.name!r} must hold real numbers, got complex ones.")
    count = int(np.prod(variable.shape, dtype=object))
    check_size(8 * count, max_bytes, filename, f"matrix {variable.name!r}")
    if variable.kind == _SPARSE:
        return _dense(variable)
    values, _ = _numbers(variable.body, 0, variable.order)
    if len(values) != count:
        raise _Damaged(f"{variable.name!r} has {len(values)} values for the shape {variable.shape}")
    return values.reshape(variable.shape, order="F")


def _dense(variable: _Variable) -> npt.NDArray[Any]:
    """A sparse matrix (row of each value, where each column starts, values) as a full one."""
    rows, position = _numbers(variable.body, 0, variable.order)
    starts, position = _numbers(variable.body, position, variable.order)
    values, _ = _numbers(variable.body, position, variable.order)
    if len(variable.shape) != 2 or len(starts) != variable.shape[1] + 1:
        raise _Damaged(f"{variable.name!r} is no sparse matrix")
    used = int(starts[-1])
    starts = starts.astype(np.int64)
    lengths = starts[1:] - starts[:-1]
    rows = rows[:used].astype(np.int64)
    if starts[0] != 0 or (lengths < 0).any() or not 0 <= used <= min(len(rows), len(values)):
        raise _Damaged(f"{variable.name!r} is no sparse matrix")
    if used and not 0 <= int(rows.min()) <= int(rows.max()) < variable.shape[0]:
        raise _Damaged(f"{variable.name!r} is no sparse matrix")
    dense = np.zeros(variable.shape, dtype=values.dtype)
    dense[rows, np.repeat(np.arange(variable.shape[1]), lengths)] = values[:used]
    return dense


# --- format 5 to 7.2 ----------------------------------------------------------------------------------------------


def _variables_5(data: bytes, filename: str, max_bytes: int) -> Iterator[_Variable]:
    order = "<" if data[126:128] == b"IM" else ">"
    position = _HEADER
    while position + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, position)
        content = data[position + 8 : position + 8 + size]
        if len(content) != size:
            raise _Damaged("it is cut short")
        position += 8 + size
        if kind == _COMPRESSED:
            yield _unpacked(content, order, filename, max_bytes)
        elif kind == _MATRIX:
            yield _variable(content, order)


def _unpacked(packed: bytes, order: str, filename: str, max_bytes: int) -> _Variable:
    """A compressed variable; unpacked whole only if it is needed, and never beyond the limit."""
    peek = zlib.decompressobj().decompress(packed, _PEEK)
    kind, size = struct.unpack_from(f"{order}II", peek)
    if kind != _MATRIX:
        raise _Damaged("a compressed part holds no variable")
    variable = _variable(peek[8:], order)
    if variable.name not in ("X", "y") or variable.kind not in _NUMBERS:
        return variable
    check_size(size, max_bytes, filename, f"matrix {variable.name!r} (unpacked)")
    whole = zlib.decompressobj().decompress(packed, size + 8)  # never more than it says
    if len(whole) != size + 8:
        raise _Damaged(f"{variable.name!r} is cut short")
    return _variable(whole[8:], order)


def _variable(content: bytes, order: str) -> _Variable:
    flags, position = _numbers(content, 0, order)
    if len(flags) < 1:
        raise _Damaged("a variable has no class")
    word = int(flags[0])
    kind = word & 0xFF
    shape: tuple[int, ...] = ()
    if _CLASSES[kind : kind + 1] != ["opaque"]:  # which has no shape
        dimensions, position = _numbers(content, position, order)
        shape = tuple(int(length) for length in dimensions)
        if len(shape) < 2 or min(shape) < 0:
            raise _Damaged(f"a variable has the shape {shape}")
    name, position = _numbers(content, position, order)
    return _Variable(name.tobytes().decode("latin-1"), kind, word >> 8 & 0xFF, shape, order, content[position:])


def _numbers(content: bytes, position: int, order: str) -> tuple[npt.NDArray[Any], int]:
    """One data element, as an array in the machine's byte order, and where the next one begins."""
    (word,) = struct.unpack_from(f"{order}I", content, position)
    if word >> 16:  # up to four bytes are packed beside their tag
        kind, size, start, end = word & 0xFFFF, word >> 16, position + 4, position + 8
        if size > 4:
            raise _Damaged("a small element is too long")
    else:
        kind, size = struct.unpack_from(f"{order}II", content, position)
        start = position + 8
        end = start + size + -size % 8
    if kind not in _ELEMENT_TYPES:
        raise _Damaged(f"numbers of the unknown type {kind}")
    raw = content[start : start + size]
    dtype = np.dtype(order + _ELEMENT_TYPES[kind])
    if len(raw) != size or size % dtype.itemsize:
        raise _Damaged("an element is cut short")
    return np.frombuffer(raw, dtype).astype(dtype.newbyteorder("=")), end


# --- format 4 -----------------------------------------------------------------------------------------------------


def _variables_4(data: bytes) -> Iterator[_Variable]:
    """The variables of the old format, put into the shape of the new one."""
    position = 0
    while position < len(data):
        order = "<" if 0 <= struct.unpack_from("<i", data, position)[0] < 5000 else ">"
        code, rows, columns, imaginary, length = struct.unpack_from(f"{order}5i", data, position)
        precision, text = code // 10 % 10, code % 10
        valid = 0 <= code < 2000 and code // 100 % 10 == 0 and precision < len(_OLD_TYPES) and text <= 2
        if not valid or min(rows, columns) < 0 or not 0 < length <= 1024:
            raise _Damaged("it has no MATLAB header")
        position += 20
        name = data[position : position + length].rstrip(b"\0").decode("latin-1")
        position += length
        dtype = np.dtype(order + _OLD_TYPES[precision])
        size = rows * columns * dtype.itemsize
        raw = data[position : position + size]
        if len(raw) != size:
            raise _Damaged(f"{name!r} is cut short")
        position += size * (2 if imaginary else 1)
        kind = 6 if text == 0 else 4 if text == 1 else 0
        values = np.frombuffer(raw, dtype).astype("<f8")
        body = struct.pack("<II", 9, values.nbytes) + values.tobytes()
        yield _Variable(name, kind, _COMPLEX if imaginary else 0, (rows, columns), "<", body)
