"""Tables on their way to workers: what is in them, how long they last, and what is refused."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sogaal.errors import DataError
from sogaal.tables import REMEMBERED, SharedTable, TableMissing, TravellingTable
from tests.conftest import ROOT

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.array([0, 1, 0, 1], dtype=np.int8)


@pytest.mark.parametrize("labels", [None, Y])
def test_a_shared_table_is_the_same_elsewhere(labels: np.ndarray | None) -> None:
    table = SharedTable(X, labels)
    ticket = pickle.loads(pickle.dumps(table.ticket))
    assert len(pickle.dumps(ticket)) < 300
    with ticket.open() as found:
        np.testing.assert_array_equal(found.X, X)
        assert found.X.dtype == np.float32
        assert (found.y is None) == (labels is None)
        if labels is not None:
            np.testing.assert_array_equal(found.y, labels)
    table.release()


def test_cancelling_is_seen_by_those_who_have_it_open() -> None:
    table = SharedTable(X, Y)
    with table.ticket.open() as found:
        assert not found.cancelled()
        table.cancel()
        assert found.cancelled()
    table.release()


def test_released_while_open_and_then_gone() -> None:
    table = SharedTable(X, Y)
    with table.ticket.open() as found:
        table.cancel()
        table.release()
        table.release()
        table.cancel()
        np.testing.assert_array_equal(found.X, X)
        assert found.cancelled()
    with pytest.raises(FileNotFoundError), table.ticket.open():
        pass


def test_an_array_kept_beyond_the_block_stays_readable() -> None:
    table = SharedTable(X, Y)
    with table.ticket.open() as found:
        kept = found.X
    table.release()
    np.testing.assert_array_equal(kept, X)


def test_a_forgotten_table_is_given_back() -> None:
    table = SharedTable(X, None)
    ticket = table.ticket
    del table
    with pytest.raises(FileNotFoundError), ticket.open():
        pass


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="only Linux says how much shared memory there is")
def test_a_table_larger_than_the_shared_memory() -> None:
    row = np.zeros((1, 1), dtype=np.float32)
    with pytest.raises(DataError, match=r"The table needs [\d,.]+ MiB of shared memory, and /dev/shm has"):
        SharedTable(np.broadcast_to(row, (2**22, 2**22)), None)


SCRIPT = """
import os, signal
import numpy as np
from sogaal.tables import SharedTable
table = SharedTable(np.zeros((100, 2), np.float32), None)
print(table.ticket.name, flush=True)
"""


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "1 / 0", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_nothing_is_left_after_a_script(end: str) -> None:
    if "SIGKILL" in end and sys.platform == "win32":
        pytest.skip("Windows has no SIGKILL, and gives shared memory back by itself")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT + end], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    ticket = SharedTable(X, None).ticket
    gone = type(ticket)(ran.stdout.strip(), 100, 2, False)
    with pytest.raises(FileNotFoundError), gone.open():
        pass
    assert ran.stdout.strip()
    if "SIGKILL" not in end:  # then Python's resource tracker cleans up, and says that it had to
        assert "leaked" not in ran.stderr
        assert "resource_tracker" not in ran.stderr


def test_a_travelling_table_is_remembered_for_a_while() -> None:
    tables = [TravellingTable(X + i, Y) for i in range(REMEMBERED + 1)]
    with pytest.raises(TableMissing), tables[0].ticket.open():
        pass
    for i, table in enumerate(tables):
        sent = pickle.loads(pickle.dumps(table.ticket_with_table))
        with sent.open() as found:
            np.testing.assert_array_equal(found.X, X + i)
    with tables[-1].ticket.open() as found:
        np.testing.assert_array_equal(found.X, X + REMEMBERED)
        np.testing.assert_array_equal(found.y, Y)
        assert not found.cancelled()
    with pytest.raises(TableMissing), tables[0].ticket.open():
        pass
