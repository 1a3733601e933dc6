"""A small Streamlit app of the tests' own, served on this machine."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from sogaal.launch import install_plotly
from tests.conftest import ROOT

APPS = Path(__file__).parent / "apps"
OPTIONS = ["--server.headless=true", "--server.enableStaticServing=true", "--browser.gatherUsageStats=false"]
OPTIONS += ["--server.fileWatcherType=none", "--runner.postScriptGC=false", "--server.address=127.0.0.1"]


def serve(folder: Path, app: str, *, library: bool = False) -> Iterator[str]:
    """The app from a copy in ``folder``, with or without plotly.min.js to load."""
    shutil.copy(APPS / app, folder / "app.py")
    if library:
        install_plotly(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", *OPTIONS]
    environment = {**os.environ, "SOGAAL_ROOT": str(ROOT)}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert process.poll() is None, (folder / "log.txt").read_text()
                assert time.monotonic() < deadline, (folder / "log.txt").read_text()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
