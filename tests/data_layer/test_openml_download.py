"""A table of OpenML really downloaded: `load_dataset`, its process, urllib and scikit-learn, from a local server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sogaal.cli import main
from sogaal.data import load_dataset
from sogaal.data import openml as subject
from sogaal.errors import DataError
from tests.data_layer.openml_server import ARFF, DESCRIPTION, FILE, OpenMLServer, make_certificates

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the command openssl, which makes the certificates"),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def server(certificates: tuple[Path, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenMLServer]:
    assert home
    authority, own = certificates
    running = OpenMLServer(own)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{running.server_port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    yield running
    running.close()


def _kept(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_a_table_arrives_and_is_kept(server: OpenMLServer, home: Path) -> None:
    dataset = load_dataset("openml:61")
    assert (dataset.name, dataset.title, dataset.source) == ("bottles", "bottles", "https://www.openml.org/d/61")
    assert (dataset.n, dataset.n_outliers) == (60, 6)
    assert dataset.y is not None
    assert np.flatnonzero(dataset.y).tolist() == list(range(0, 60, 10))  # 'not ok'
    assert dataset.feature_names == (
        "width", "colour = dark green", "colour = white", "colour missing", "bubbles seen",
    )  # fmt: skip
    assert dataset.X[0, 0] == pytest.approx(20)
    assert any(asked.startswith("api.openml.org") and asked.endswith(FILE) for asked in server.asked)
    assert _kept(home) == ["openml.org/sogaal/61.json", "openml.org/sogaal/61.parquet"]
    server.close()
    again = load_dataset("openml:61")
    np.testing.assert_array_equal(again.X, dataset.X)
    assert again.feature_names == dataset.feature_names


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (412, {"error": {"code": "111", "message": "Unknown dataset"}}),
        (404, {"title": "Dataset Not Found", "status": 404, "detail": "Unknown dataset", "code": "111"}),
    ],
)
def test_a_number_that_openml_does_not_know(
    server: OpenMLServer, home: Path, capsys: pytest.CaptureFixture[str], status: int, said: dict[str, object]
) -> None:
    server.unknown = (status, said)
    assert main(["train", "openml:999999", "--no-save"]) == 2
    told = capsys.readouterr().err.strip()
    assert told.endswith("openml:999999: OpenML refuses it: 'Unknown dataset'. Is the number right?")
    assert "\n" not in told
    assert _kept(home) == []


def test_a_server_in_trouble_is_no_missing_network(server: OpenMLServer) -> None:
    server.unknown = (503, {})
    with pytest.raises(
        DataError, match="^openml:7: www.openml.org answers 503 Service Unavailable in place of"
    ) as error:
        load_dataset("openml:7")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("file", [ARFF.replace(b"white", b"wHite"), ARFF[:-40]], ids=["changed", "cut"])
def test_a_damaged_download_is_refused_and_not_kept(server: OpenMLServer, home: Path, file: bytes) -> None:
    server.file = file
    with pytest.raises(DataError, match="^openml:61: the table arrived damaged, twice: its MD5 checksum") as error:
        load_dataset("openml:61")
    assert "\n" not in str(error.value)
    assert _kept(home) == []
    server.file = ARFF
    assert load_dataset("openml:61").n == 60


@pytest.mark.parametrize("path", [FILE, "/api/v1/json/data/features/61"])
def test_a_server_that_falls_silent_is_given_up(
    server: OpenMLServer, home: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(subject, "SILENCE_SECONDS", 2.0)
    server.silent_at = path
    with pytest.raises(DataError, match="^openml:61: .* OpenML fell silent in the middle"):
        load_dataset("openml:61")
    assert f"openml.org{path}" in " ".join(server.asked)
    assert _kept(home) == []


def test_a_download_that_never_ends_is_ended(server: OpenMLServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DOWNLOAD_SECONDS", 8.0)
    server.drips_at = FILE
    with pytest.raises(DataError, match="^openml:61: the table cannot be downloaded: it took too long"):
        load_dataset("openml:61")
    assert _kept(home) == []


def test_a_sparse_table_is_refused_by_its_form(server: OpenMLServer) -> None:
    server.description = {**DESCRIPTION, "format": "Sparse_ARFF"}
    with pytest.raises(DataError, match="^openml:61: OpenML keeps this table in the sparse form"):
        load_dataset("openml:61")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: OpenMLServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other, _ = make_certificates(tmp_path_factory.mktemp("other"))
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with pytest.raises(DataError, match="CERTIFICATE_VERIFY_FAILED"):
        load_dataset("openml:61")
    assert server.asked == []
