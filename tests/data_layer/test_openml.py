"""Tables of OpenML: kept ones are read, and a network that is not there is said, soon."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sogaal.cli import main
from sogaal.data import load_dataset
from sogaal.errors import DataError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    return tmp_path / "openml.org" / "sogaal"


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A proxy that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        port = server.getsockname()[1]
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        yield port
        for one in held:
            one.close()


@pytest.mark.timeout(60)  # that it ends at all: how fast is the machine's business
def test_a_server_that_never_answers_is_not_waited_for(silent: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert silent
    assert main(["train", "openml:40996", "--no-save"]) == 2
    assert "www.openml.org does not answer" in capsys.readouterr().err


def test_no_network_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DataError, match=r"openml:40996: .*does not answer \(.*refused.*Is there a network\?"):
        load_dataset("openml:40996")


@pytest.mark.parametrize("name", ["openml:", "openml:x", "openml:-3", "openml:0", "openml:1e9", "OpenML:../a"])
def test_a_number_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="there must be the number of a table"):
        load_dataset(name)


def test_a_table_that_is_kept_needs_no_network(home: Path) -> None:
    home.mkdir(parents=True)
    rng = np.random.default_rng(1)
    target = pd.Categorical(["odd" if i % 9 == 0 else "usual" for i in range(60)])
    frame = pd.DataFrame({"a": rng.normal(size=60), "c": pd.Categorical(rng.choice(["x", "z"], 60)), "t": target})
    frame.to_parquet(home / "7.parquet", index=False)
    (home / "7.json").write_text(json.dumps({"name": "kept", "targets": ["t"]}))
    dataset = load_dataset("openml:7")
    assert dataset.name == "kept"
    assert dataset.n_outliers == 7
    assert dataset.feature_names == ("a", "c = x", "c = z")
    frame.assign(t=[f"t{i % 3}" for i in range(60)]).to_parquet(home / "7.parquet", index=False)
    several = load_dataset("openml:7")
    assert several.y is None
    assert several.d == 3
    assert "does not have two values" in several.notes[-1]


@pytest.mark.parametrize(("values", "label", "features"), [(2, "t", ("a",)), (3, None, ("a",))])
def test_its_target_is_never_learned_from(
    home: Path, values: int, label: str | None, features: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the library, the preview and the page alike: `tests/pages/test_upload.py` has the last."""
    home.mkdir(parents=True)
    frame = pd.DataFrame(
        {"a": np.random.default_rng(1).normal(size=60), "t": [f"t{i % 9 % values}" for i in range(60)]}
    )
    frame.to_parquet(home / "7.parquet", index=False)
    (home / "7.json").write_text(json.dumps({"name": "kept", "targets": ["t"]}))
    dataset = load_dataset("openml:7")
    assert (dataset.label_name, dataset.feature_names) == (label, features)
    assert main(["data", "openml:7", "--json"]) == 0
    used = {one["name"]: one["use"] for one in json.loads(capsys.readouterr().out)["columns"]}
    assert used == {"a": "feature", "t": "label" if label else "left out"}
