"""Starting and ending the dashboard, with the real server."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sogaal import launch as launching
from sogaal.launch import LaunchError, free_port, install_plotly, launch, plotly_asset, prepare_app
from tests.conftest import ROOT, START, Dashboard, start_dashboard


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens at, with a free one after it."""
    for _ in range(20):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            port = listener.getsockname()[1]
            if port < 65535 and free_port(port + 1) == port + 1:
                yield port
                return
    pytest.fail("found no taken port with a free one after it")


def get(url: str, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def own_app(tmp_path: Path, page: str = "import streamlit as st\nst.write('hello')\n") -> Path:
    """An installed package as a wheel leaves it, with a page that is quick to start."""
    package = tmp_path / "site" / "sogaal"
    shutil.copytree(ROOT / "sogaal", package, ignore=shutil.ignore_patterns("__pycache__"))
    app = package / "_app"
    shutil.copytree(ROOT / "pages", app / "pages", ignore=shutil.ignore_patterns("__pycache__"))
    (app / "pages" / "playground.py").write_text(page, encoding="utf-8")
    shutil.copyfile(ROOT / "app.py", app / "app.py")
    shutil.copytree(ROOT / ".streamlit", app / ".streamlit")
    return app


def relative_files(folder: Path) -> set[Path]:
    return {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}


class TestPorts:
    def test_a_free_port_is_taken_as_it_is(self) -> None:
        port = free_port(0)
        assert free_port(port) == port

    def test_a_taken_port_is_passed_over(self, taken_port: int) -> None:
        assert free_port(taken_port) == taken_port + 1

    @pytest.mark.parametrize("port", [-1, 65536])
    def test_no_such_port(self, port: int) -> None:
        with pytest.raises(LaunchError, match=f"from 0 to 65535, got {port}"):
            free_port(port)

    def test_no_port_left(self, taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launching, "PORTS_TRIED", 1)
        with pytest.raises(LaunchError, match="no free port"):
            free_port(taken_port)

    def test_foreign_address(self, capfd: pytest.CaptureFixture[str]) -> None:
        assert launch(0, host="192.0.2.1", open_browser=False) == 1
        assert capfd.readouterr().err == "sogaal app: host '192.0.2.1' is no address of this machine\n"


class TestPlotly:
    def test_copied_once_and_whole(self, tmp_path: Path) -> None:
        install_plotly.cache_clear()
        copy = install_plotly(tmp_path)
        assert copy == tmp_path / "static" / f"plotly-{version('plotly')}.min.js"
        assert copy.name == plotly_asset()
        assert copy.read_bytes().startswith(b"/**\n* plotly.js v")
        before = copy.stat()
        install_plotly.cache_clear()
        assert install_plotly(tmp_path).stat().st_mtime_ns == before.st_mtime_ns
        assert [file.name for file in copy.parent.iterdir()] == [copy.name]

    @pytest.mark.parametrize("damage", ["cut", "link"])
    def test_anything_else_is_replaced(self, tmp_path: Path, damage: str) -> None:
        install_plotly.cache_clear()
        copy = install_plotly(tmp_path)
        whole = copy.read_bytes()
        if damage == "cut":
            copy.write_bytes(whole[:1000])
        else:
            copy.rename(tmp_path / "elsewhere.js")
            copy.symlink_to(tmp_path / "elsewhere.js")
        install_plotly.cache_clear()
        install_plotly(tmp_path)
        assert not copy.is_symlink()
        assert copy.read_bytes() == whole

    def test_app_that_cannot_be_written_to_is_copied(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        app = own_app(tmp_path)
        # A file in the place of the folder refuses everybody, root included, whom permissions do not stop.
        (app / "static").write_text("")
        monkeypatch.setattr(launching, "_PACKAGE", app.parent)
        monkeypatch.setattr(launching, "_cache_folder", lambda: tmp_path / "cache" / "sogaal")
        install_plotly.cache_clear()
        copy = prepare_app()
        assert copy.parent == tmp_path / "cache" / "sogaal"
        assert prepare_app() == copy
        asset = Path("static") / plotly_asset()
        assert relative_files(copy) == relative_files(app) - {Path("static")} | {asset}

    def test_no_app(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(launching, "_PACKAGE", tmp_path / "sogaal")
        assert launch(0, open_browser=False) == 1
        assert capfd.readouterr().err.startswith("sogaal app: the dashboard's app.py is neither in ")


class TestDataset:
    def test_a_name_becomes_part_of_the_address(self) -> None:
        assert launching._dataset_arguments("a & b") == ("/?data=a%20%26%20b", {})

    def test_a_file_goes_by_the_environment(self, tmp_path: Path) -> None:
        table = tmp_path / "table.csv"
        table.write_text("x\n1\n")
        assert launching._dataset_arguments(str(table)) == ("", {"SOGAAL_DATASET": str(table.resolve())})


class TestDashboard:
    def test_serves_the_page_and_plotly(self, dashboard: Dashboard) -> None:
        assert get(dashboard.url, "/").status == 200
        script = get(dashboard.url, f"/app/static/{plotly_asset()}")
        assert script.status == 200
        assert script.headers["Content-Type"].split(";")[0] in {"application/javascript", "text/javascript"}

    def test_listens_to_this_machine_only(self, dashboard: Dashboard) -> None:
        assert urlsplit(dashboard.url).hostname == "127.0.0.1"
        with socket.socket() as client:
            client.settimeout(5)
            # Another of the machine's own addresses: open if the server listened to all of them.
            assert client.connect_ex(("127.0.0.2", urlsplit(dashboard.url).port)) != 0

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_ends_it_with_status_0(self, tmp_path: Path, number: signal.Signals) -> None:
        with start_dashboard(tmp_path / "log.txt") as running:
            assert running.end(number) == 0
            assert "Traceback" not in running.text
            with socket.socket() as client:
                assert client.connect_ex(("127.0.0.1", urlsplit(running.url).port)) != 0

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
    def test_ends_where_nobody_listens_any_more(self) -> None:
        """Streamlit alone would not stop: it says so first, to a pipe that is closed."""
        process = subprocess.Popen([sys.executable, "-c", START, "0"], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        while b"running at" not in process.stdout.readline():
            assert process.poll() is None
        process.stdout.close()
        process.terminate()
        assert process.wait(timeout=launching.SHUTDOWN_SECONDS + 20) == 0

    def test_passes_a_taken_port_over(self, tmp_path: Path, taken_port: int) -> None:
        with start_dashboard(tmp_path / "log.txt", port=taken_port) as running:
            assert urlsplit(running.url).port == taken_port + 1
            assert f"Port {taken_port} is taken, using {taken_port + 1}." in running.text

    def test_a_server_that_cannot_start_says_so(self, capfd: pytest.CaptureFixture[str]) -> None:
        assert launch(0, open_browser=False, extra_env={"PYTHONHOME": "nowhere"}) == 1
        assert capfd.readouterr().err.splitlines()[-1] == (
            "sogaal app: the dashboard could not start: it ended with status 1"
        )

    def test_streamlit_alone_serves_plotly_too(self, tmp_path: Path) -> None:
        """`streamlit run app.py`: the first visit puts plotly.min.js in its place."""
        app = own_app(tmp_path)
        probe = (
            "from streamlit.testing.v1 import AppTest\n"
            "test = AppTest.from_file('app.py', default_timeout=30).run()\n"
            "assert not test.exception, test.exception\n"
            "assert test.markdown[0].value == 'hello'\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(app.parents[1])}
        subprocess.run([sys.executable, "-c", probe], cwd=app, check=True, timeout=120, env=environment)
        assert (app / "static" / plotly_asset()).is_file()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what the source archive holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    source = next(path for path in folder.iterdir() if path.is_dir())
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


class TestWheel:
    def test_carries_the_dashboard_and_the_datasets(self, wheel: Path) -> None:
        names = set(zipfile.ZipFile(wheel).namelist())
        assert {"sogaal/_app/app.py", "sogaal/_app/.streamlit/config.toml", "sogaal/py.typed"} <= names
        for folder in ("pages", "datasets"):
            shipped = {
                f"sogaal/_app/{file.relative_to(ROOT).as_posix()}"
                for file in (ROOT / folder).rglob("*")
                if file.is_file() and "__pycache__" not in file.parts
            }
            assert shipped
            assert shipped <= names
        assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "static/"))]
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        assert b"sogaal = sogaal.cli:main" in zipfile.ZipFile(wheel).read(entry_points)

    def test_sogaal_app_starts_from_a_fresh_environment(self, wheel: Path, tmp_path: Path) -> None:
        """Installed apart from the checkout; what sogaal needs is borrowed from the environment of the tests."""
        venv.create(tmp_path / "env", with_pip=True)
        scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(scripts / "python")
        pip = [python, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
        subprocess.run(pip, check=True, capture_output=True, timeout=300)
        paths = sysconfig.get_paths(vars={"base": str(tmp_path / "env"), "platbase": str(tmp_path / "env")})
        Path(paths["purelib"], "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        where = [python, "-c", "import sogaal; print(sogaal.__file__)"]
        found = subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60).stdout
        assert found.startswith(str(tmp_path))
        command = ["-m", "sogaal", "app", "--no-browser", "--port", str(free_port(0))]
        with start_dashboard(tmp_path / "log.txt", python=python, cwd=tmp_path, command=command) as running:
            assert get(running.url, f"/app/static/{plotly_asset()}").status == 200
            assert running.end() == 0
