from pathlib import Path

import pandas as pd
import pytest

from sogaal.errors import RunError
from sogaal.exports.history import column_names
from sogaal.runs.history_file import HistoryFile, cut, read_history
from tests.runs.trained import same, trainer


def _written(path: Path, algorithm: str = "so-gaal", labels: bool = True, portion: int = 7):
    training = trainer(algorithm, labels)
    file = HistoryFile(path, training.config.n_generators)
    while training.advance(portion):
        file.append(training.history.view(), training.seconds)
    return training


@pytest.mark.parametrize("algorithm", ["so-gaal", "mo-gaal"])
@pytest.mark.parametrize("labels", [True, False])
def test_it_reads_back_to_the_bit(tmp_path: Path, algorithm: str, labels: bool) -> None:
    training = _written(tmp_path / "history.csv", algorithm, labels)
    history, (steps, seconds) = read_history(tmp_path / "history.csv")
    assert same(history.to_arrays(), training.history.to_arrays())
    assert steps[-1] == training.step
    assert 0 < seconds[-1] <= training.seconds
    assert (seconds[1:] >= seconds[:-1]).all()


def test_portions_leave_the_same_lines(tmp_path: Path) -> None:
    for portion in (1, 1000):
        _written(tmp_path / f"{portion}.csv", portion=portion)
    one, other = (pd.read_csv(tmp_path / f"{p}.csv").drop(columns="seconds") for p in (1, 1000))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_half_a_line_at_the_end_is_ignored_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    training = trainer()
    training.advance(20)
    HistoryFile(path, 1).append(training.history.view(), 1.0)
    with path.open("ab") as file:
        file.write(b"21,0.5,0.")
    assert read_history(path)[0].view().steps == 20
    cut(path, 15)
    again = HistoryFile(path, 1, rows=15)
    training.fit()
    again.append(training.history.view(), 2.0)
    assert same(read_history(path)[0].to_arrays(), training.history.to_arrays())


def test_cut_to_nothing_leaves_the_header(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    _written(path)
    cut(path, 0)
    assert path.read_text().strip() == ",".join(column_names(1, times=True))
    assert read_history(path)[0].view().steps == 0


def test_cut_beyond_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    training = _written(path)
    before = path.read_bytes()
    with pytest.raises(RunError, match=f"at least {training.step + 1} steps"):
        cut(path, training.step + 1)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: "a,b,c\n1,2,3\n", "must begin with the names of its columns"),
        (lambda text: text.replace("\n3,", "\n4,", 1), "a line for each step"),
        (lambda text: text.replace("\n3,", "\n3,x", 1), "damaged"),
        (lambda _: "", "must begin with the names of its columns"),
    ],
)
def test_what_is_no_history_is_refused(tmp_path: Path, change, message: str) -> None:
    path = tmp_path / "history.csv"
    _written(path)
    path.write_bytes(change(path.read_bytes().decode()).encode())
    with pytest.raises(RunError, match=message):
        read_history(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nothing.csv: the history cannot be read"):
        read_history(tmp_path / "nothing.csv")
