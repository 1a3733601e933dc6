"""Start the dashboard: what ``sogaal app`` does.

The dashboard is a child process, so that this one can choose the port, say the address once it answers, and end
with a clear status. Nothing here imports Streamlit or torch: the address is on screen as soon as possible.
"""

import errno
import filecmp
import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from sogaal.runs.names import default_root

DEFAULT_PORT = 8501
LOOPBACK = "127.0.0.1"
PORTS_TRIED = 200
STARTUP_SECONDS = 90.0
SHUTDOWN_SECONDS = 10.0
_LOOPBACKS = frozenset({"127.0.0.1", "localhost", "::1"})
_WILDCARDS = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_PLATFORM: str = sys.platform  # a plain string: mypy skips what is behind sys.platform on other systems
_PACKAGE = Path(__file__).resolve().parent


class LaunchError(Exception):
    """The dashboard cannot be started; the message is one line for the terminal."""


def launch(
    port: int | None = None,
    host: str = LOOPBACK,
    open_browser: bool = True,
    dataset: str | None = None,
    runs: str | None = None,
    data: str | None = None,
    extra_env: Mapping[str, str] | None = None,
) -> int:
    """Run the dashboard until it is ended, and return the exit status.

    ``port`` (None: 8501; 0: any) and those after it are tried until one is free. ``dataset`` is the name of a shipped
    dataset, which becomes part of the address, or a file, which the dashboard finds in the environment variable
    ``SOGAAL_DATASET``. ``runs``: the folder of saved runs, None = as :func:`default_root` says.
    ``data``: a folder whose tables are offered, handed over as ``SOGAAL_DATA``. Status 0: ended by
    Ctrl-C or a termination signal, or by itself without complaint. Otherwise one line on standard error says why.
    """
    query, environment = _dataset_arguments(dataset)
    # The dashboard runs in the folder of the app, but "here" is where people started it.
    folder = Path(runs).expanduser() if runs else default_root().expanduser()
    environment = {**os.environ, **environment, "SOGAAL_RUNS": str(folder.absolute()), **(extra_env or {})}
    if data is not None:
        environment["SOGAAL_DATA"] = str(Path(data).expanduser().resolve())
    try:
        app = prepare_app()
        if app != _PACKAGE.parent:
            # A copy in the cache belongs to the package it was copied from, installed or not.
            paths = (str(_PACKAGE.parent), environment.get("PYTHONPATH", ""))
            environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        first = DEFAULT_PORT if port is None else port
        while True:
            chosen = free_port(first, host)
            if first not in (0, chosen):
                _say(f"Port {first} is taken, using {chosen}.")
            dashboard = _Dashboard(app, chosen, host, environment)
            status = dashboard.run(query, open_browser=open_browser and _has_display())
            if status == 0 or dashboard.answered or _is_free(chosen, host):
                return status
            first = chosen + 1  # somebody took the port between the look and the start
    except (LaunchError, OSError) as error:
        _complain(str(error))
        return 1


def app_folder() -> Path:
    """Return the folder of app.py: ``sogaal/_app`` of an installed wheel, or the root of a checkout."""
    for folder in (_PACKAGE / "_app", _PACKAGE.parent):
        if (folder / "app.py").is_file() and (folder / "pages").is_dir():
            return folder
    raise LaunchError(f"the dashboard's app.py is neither in {_PACKAGE / '_app'} nor in {_PACKAGE.parent}")


def prepare_app() -> Path:
    """Return a folder the dashboard can run from, with plotly.min.js in its ``static``.

    Where the app's own folder cannot be written to, that is a copy in the user's cache folder.
    """
    app = app_folder()
    try:
        install_plotly(app)
    except OSError:
        app = _copy_to_cache(app)
        install_plotly(app)
    return app


@cache  # the version is read from files, and the live charts ask for the name at every update
def plotly_asset() -> str:
    """Return the file name of plotly.min.js in ``static``, which the server offers below ``app/static/``.

    It carries the version, so that no browser takes an older one from its cache.
    """
    return f"plotly-{version('plotly')}.min.js"


@cache
def install_plotly(app: Path) -> Path:
    """Copy plotly.min.js from the installed plotly package to ``app/static``, and return the copy's path.

    A copy, because the static server refuses links; in one move, because a dashboard may be serving the old one.
    Nothing is written where the same file is already there. OSError where the folder cannot be written to.
    """
    package = find_spec("plotly")
    if package is None or package.origin is None:
        raise LaunchError("the package plotly is not installed")
    source = Path(package.origin).parent / "package_data" / "plotly.min.js"
    target = app / "static" / plotly_asset()
    if target.is_file() and not target.is_symlink() and filecmp.cmp(source, target, shallow=False):
        return target
    target.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".plotly-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as copy:
            copy.write(source.read_bytes())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def free_port(first: int, host: str = LOOPBACK) -> int:
    """Return the first port from ``first`` on that a server on ``host`` can listen at; any free one for 0."""
    if not 0 <= first <= 65535:
        raise LaunchError(f"port must be a number from 0 to 65535, got {first}")
    if first == 0:
        with _listener(0, host) as probe:
            return int(probe.getsockname()[1])
    last = min(first + PORTS_TRIED, 65536) - 1
    for port in range(first, last + 1):
        if _is_free(port, host):
            return port
    raise LaunchError(f"no free port from {first} to {last} on {host}")


def _is_free(port: int, host: str) -> bool:
    try:
        with _listener(port, host):
            return True
    except OSError:
        return False


@contextmanager
def _listener(port: int, host: str) -> Iterator[socket.socket]:
    """Listen for a moment, in the way that the server will."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno in _NO_SUCH_ADDRESS:
                raise LaunchError(f"host {host!r} is no address of this machine") from error
            raise
        probe.listen(1)
        yield probe


def _dataset_arguments(dataset: str | None) -> tuple[str, dict[str, str]]:
    if dataset is None:
        return "", {}
    path = Path(dataset).expanduser()
    if path.is_file():
        return "", {"SOGAAL_DATASET": str(path.resolve())}
    return f"/?data={quote(dataset)}", {}


def _has_display() -> bool:
    """Tell whether a browser would have a screen: without one, webbrowser may start a text browser in the terminal."""
    if os.environ.get("STREAMLIT_SERVER_HEADLESS", "").lower() in {"1", "true"}:
        return False
    if _PLATFORM in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _cache_folder() -> Path:
    if _PLATFORM == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sogaal"
    if _PLATFORM == "darwin":
        return Path.home() / "Library" / "Caches" / "sogaal"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sogaal"


def _copy_to_cache(app: Path) -> Path:
    """Copy what Streamlit reads of the app; the folder is named by the contents, so a change makes another one."""
    skip = shutil.ignore_patterns("__pycache__")
    parts = [app / "app.py", app / "pages", app / ".streamlit"]
    files = sorted(file for part in parts for file in (part, *part.rglob("*")) if file.is_file())
    digest = hashlib.sha256()
    for file in (file for file in files if "__pycache__" not in file.parts):
        digest.update(str(file.relative_to(app)).encode() + b"\0" + file.read_bytes())
    target = _cache_folder() / f"app-{digest.hexdigest()[:16]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".app-", dir=target.parent) as folder:
        copy = Path(folder) / "app"
        copy.mkdir()
        for part in (part for part in parts if part.exists()):
            if part.is_dir():
                shutil.copytree(part, copy / part.name, ignore=skip)
            else:
                shutil.copyfile(part, copy / part.name)
        try:
            copy.rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another start was quicker
                raise
    return target


class _Dashboard:
    """One child process, from its start to its end."""

    def __init__(self, app: Path, port: int, host: str, environment: Mapping[str, str]) -> None:
        self.port = port
        self.host = _WILDCARDS.get(host, host)
        self.answered = False
        self._app = app
        self._asked = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        self._command += [f"--server.port={port}", f"--server.address={host}", "--server.headless=true"]
        if host not in _LOOPBACKS:
            self._command.append("--server.allowedHosts=*")
        self._environment = {**environment, "STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "true"}

    @property
    def address(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def run(self, query: str, open_browser: bool) -> int:
        """Start the child, say the address, wait for the end; return the exit status."""
        with _signals_to(self._end):
            self._child = self._start()
            if self._asked:  # a signal that came before there was a child to pass it on to
                self._terminate()
            self.answered = self._wait_for_answer()
            if self.answered:
                _say(f"\n  sogaal is running at {self.address}{query}\n  Ctrl-C ends it.\n")
                if open_browser:
                    url = self.address + query
                    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
            return self._judge(self._child.wait())

    def _start(self) -> subprocess.Popen[bytes]:
        # A group of its own: Ctrl-C in the terminal then reaches this process alone, which passes it on once.
        # Otherwise the child would get it twice, or, while it is still importing, end with a traceback.
        # And Streamlit says "Stopping..." before it stops, and does not stop where nobody listens any more (a closed
        # terminal, a broken pipe), so its standard output goes nowhere; its log is on standard error.
        command, folder, env, out = self._command, self._app, self._environment, subprocess.DEVNULL
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP
            return subprocess.Popen(command, cwd=folder, env=env, stdout=out, creationflags=flags)
        return subprocess.Popen(command, cwd=folder, env=env, stdout=out, process_group=0)

    def _wait_for_answer(self) -> bool:
        assert self._child is not None
        deadline = time.monotonic() + STARTUP_SECONDS
        while self._child.poll() is None and not self._asked:
            if _answers(self.host, self.port):
                return True
            if time.monotonic() > deadline:
                _complain(f"no answer at {self.address} yet")
                return False
            time.sleep(0.1)
        return False

    def _end(self) -> None:
        """End the child as the user wants; asked a second time, at once."""
        self._asked += 1
        if self._child is None:
            return
        if self._asked > 1:
            self._child.kill()
        else:
            self._terminate()

    def _terminate(self) -> None:
        assert self._child is not None
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._child.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self._child.terminate()
        killer = threading.Timer(SHUTDOWN_SECONDS, self._child.kill)
        killer.daemon = True
        killer.start()

    def _judge(self, status: int) -> int:
        if status == 0:
            return 0
        if self._asked:
            # -SIGTERM: it was asked while it was still starting, before it could take the request in hand.
            if status == -signal.SIGTERM or not self.answered or self._asked > 1:
                return 0
            _complain("the dashboard did not end in time and was killed")
            return 1
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        when = "ended" if self.answered else "could not start: it ended"
        _complain(f"the dashboard {when} {how}")
        return status if status > 0 else 1


def _say(text: str) -> None:
    with suppress(OSError):  # nobody may be listening, which is no reason to end
        print(text, flush=True)


def _complain(text: str) -> None:
    with suppress(OSError):
        print(f"sogaal app: {text}", file=sys.stderr, flush=True)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1.0)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _signals_to(end: Callable[[], None]) -> Iterator[None]:
    """Call ``end`` at each signal that asks a program to finish; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(_number: int, _frame: FrameType | None) -> None:
        end()

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {number: signal.signal(number, handler) for name in names if (number := getattr(signal, name, None))}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
