"""TensorBoard's event files: records with a checksum, and many events of one form at once.

An event file is a row of records: length (uint64, little endian), its masked CRC-32C, an `Event` message, its masked
CRC-32C (the format is TensorFlow's TFRecord). Making a message and its checksum one by one takes longer than ten steps
of a training, most of it in Python. Events that tell the same scalars differ in a few bytes at known places, so they
are filled in as the rows of one array, and their checksums are taken together, byte column by byte column.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

ByteRows = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

# Castagnoli's polynomial, bits reversed.
_POLYNOMIAL = 0x82F63B78
_CHUNK = 256
# A step as a number of so many bytes of seven bits each: 2**35 steps.
_STEP_BYTES = 5


@cache
def _table() -> Words:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(_POLYNOMIAL), values >> 1).astype(np.uint32)
    return values


def _run(register: Words, columns: ByteRows) -> Words:
    """The registers (m,) after the columns (L, m) of bytes."""
    table = _table()
    for column in columns:
        register = table[(register ^ column) & 0xFF] ^ (register >> np.uint32(8))
    return register


def crc32c(rows: ByteRows) -> Words:
    """CRC-32C of each row of ``rows`` (m, L) uint8 -> (m,) uint32."""
    columns = np.ascontiguousarray(rows.T)
    return ~_run(np.full(len(rows), 0xFFFFFFFF, dtype=np.uint32), columns)


@cache
def _shift_tables() -> tuple[tuple[int, ...], ...]:
    """What a chunk of zero bytes makes of a register, by the register's four bytes: the parts are to be XORed."""
    registers = (np.arange(256, dtype=np.uint32)[None] << (8 * np.arange(4, dtype=np.uint32))[:, None]).reshape(-1)
    shifted = _run(registers, np.zeros((_CHUNK, 1), dtype=np.uint8))
    return tuple(tuple(part) for part in shifted.reshape(4, 256).tolist())


def crc32c_long(content: bytes) -> int:
    """CRC-32C of one long message (at least four bytes): its chunks' checksums are taken together, then joined."""
    padding = -len(content) % _CHUNK
    padded = np.zeros(padding + len(content), dtype=np.uint8)
    padded[padding:] = np.frombuffer(content, dtype=np.uint8)
    # Starting from all ones is the same as inverting the first four bytes and starting from zero; and zeros in front
    # of the message then change nothing.
    padded[padding : padding + 4] ^= 0xFF
    chunks = padded.reshape(-1, _CHUNK)
    parts = _run(np.zeros(len(chunks), dtype=np.uint32), np.ascontiguousarray(chunks.T)).tolist()
    a, b, c, d = _shift_tables()
    register = 0
    for part in parts:
        register = a[register & 255] ^ b[register >> 8 & 255] ^ c[register >> 16 & 255] ^ d[register >> 24] ^ part
    return register ^ 0xFFFFFFFF


def _masked(checksums: Words) -> Words:
    """As TFRecord stores them: rotated and moved, as a checksum of data with checksums in it says little."""
    return ((checksums >> np.uint32(15)) | (checksums << np.uint32(17))) + np.uint32(0xA282EAD8)


def _as_bytes(values: npt.NDArray[np.generic], dtype: str) -> ByteRows:
    return np.ascontiguousarray(values, dtype=dtype).view(np.uint8).reshape(len(values), -1)


def record(message: bytes) -> bytes:
    """One message as a record."""
    length = np.array([len(message)])
    head = _as_bytes(length, "<u8")
    end = np.array([crc32c_long(message)], dtype=np.uint32) if len(message) >= 4 else crc32c(_rows(message))
    return b"".join((head.tobytes(), _masked(crc32c(head)).astype("<u4").tobytes(), message,
                     _masked(end).astype("<u4").tobytes()))  # fmt: skip


def _rows(message: bytes) -> ByteRows:
    return np.frombuffer(message, dtype=np.uint8)[None]


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def scalar_records(
    tags: Sequence[str],
    steps: npt.NDArray[np.int64],
    wall_times: npt.NDArray[np.float64],
    values: npt.NDArray[np.floating],
) -> list[bytes]:
    """A record for each of ``steps`` (m,): one event with all ``tags``, whose ``values`` (m, t) become float32.

    ``wall_times`` (m,): seconds since 1970.
    """
    if not len(steps):
        return []
    summary, places = bytearray(), []
    for tag in tags:
        name = tag.encode()
        value = b"\x0a" + _varint(len(name)) + name + b"\x15"  # tag, then simple_value
        summary += b"\x0a" + _varint(len(value) + 4) + value
        places.append(len(summary))
        summary += bytes(4)
    head = b"\x09" + bytes(8) + b"\x10" + bytes(_STEP_BYTES) + b"\x2a" + _varint(len(summary))  # time, step, summary
    message = head + bytes(summary)
    rows = np.empty((len(steps), 12 + len(message) + 4), dtype=np.uint8)
    body = rows[:, 12:-4]
    body[:] = np.frombuffer(message, dtype=np.uint8)
    body[:, 1:9] = _as_bytes(wall_times, "<f8")
    shifts = 7 * np.arange(_STEP_BYTES)
    body[:, 10 : 10 + _STEP_BYTES] = (steps[:, None] >> shifts & 127) | np.array([128] * (_STEP_BYTES - 1) + [0])
    for column, place in enumerate(places):
        start = len(head) + place
        body[:, start : start + 4] = _as_bytes(values[:, column], "<f4")
    length = _as_bytes(np.array([len(message)]), "<u8")
    rows[:, :8] = length
    rows[:, 8:12] = _as_bytes(_masked(crc32c(length)), "<u4")
    rows[:, -4:] = _as_bytes(_masked(crc32c(body)), "<u4")
    whole, size = rows.tobytes(), rows.shape[1]
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def read_records(content: bytes) -> list[bytes]:
    """The whole messages at the start of an event file; a torn or damaged record and all after it are left out."""
    messages, place = [], 0
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 8], "little")
        end = place + 12 + length + 4
        message = content[place + 12 : end - 4]
        if end > len(content) or record(message) != content[place:end]:
            break
        messages.append(message)
        place = end
    return messages
