"""One visitor of the dashboard: streamlit's AppTest on the real app.py, with words for what people do and see.

AppTest runs the page's Python and knows Streamlit's own elements. The charts and tiles are components of the project:
of these it sees the message that goes to the browser and nothing of what the browser makes of it. Timers, drawing,
zoom and layout are looked at in tests/browser.
"""

import json
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner

from pages import _server
from sogaal.jobs import Job, JobState
from tests.conftest import ROOT

PATIENCE = 30.0


def until(condition: Callable[[], object]) -> None:
    """Wait for something that a thread does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def read(markdown: str) -> str:
    """What a reader sees of escaped punctuation."""
    return re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", markdown)


class Session:
    """A browser tab on the Playground; ``address`` is what stands behind the question mark."""

    def __init__(self, **address: str) -> None:
        self.at = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        for name, value in address.items():
            self.at.query_params[name] = value
        self.look()

    def look(self) -> "Session":
        """Have the page drawn again, as its own timer would."""
        self.at.run()
        assert not self.at.exception
        return self

    def come(self, address: dict[str, str]) -> "Session":
        """Have the page drawn at an address."""
        self.at.query_params.clear()
        for name, value in address.items():
            self.at.query_params[name] = value
        return self.look()

    def back(self, address: dict[str, str]) -> "Session":
        """The same by Back or Forward, of which the browser tells with its request; AppTest has no word for it."""
        told = partial(RerunData, is_history_navigation=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local_script_runner, "RerunData", told)
            return self.come(address)

    # -- what is done ----------------------------------------------------------------------------------------------

    def press(self, label: str) -> "Session":
        """Click a button of the control bar or any other button by its label."""
        button = self.button(label)
        assert not button.disabled, f"{label} cannot be pressed"
        button.click()
        return self.look()

    def type(self, field: str, value: float | None) -> "Session":
        """Type a number into a field of the form."""
        self.at.number_input(f"set_{field}").set_value(value)
        return self.look()

    def choose(self, key: str, value: Any) -> "Session":
        """Choose from a list, a row of switches or a slider."""
        for kind in (self.at.selectbox, self.at.segmented_control, self.at.select_slider):
            found = [widget for widget in kind if widget.key == key]
            if found:
                found[0].set_value(value)
                return self.look()
        raise AssertionError(f"there is nothing to choose called {key}")

    def tab(self, view: str) -> "Session":
        """Open a tab of the run on screen."""
        self.at.session_state["view"] = view
        return self.look()

    def upload(self, filename: str, content: bytes) -> "Session":
        """Upload a file as a table of one's own."""
        self.at.file_uploader("upload_file").clear().upload(filename, content)
        return self.look()

    def start(self, *, pace: str = "full", **fields: float) -> Job:
        """Fill in fields, choose the pace and press Train."""
        for name, value in fields.items():
            self.at.number_input(f"set_{name}").set_value(value)
        self.choose("set_pace", pace)
        self.press("Train")
        return self.job

    def finish(self) -> Job:
        """Wait for the end of the run on screen, then look; nobody watches, so it need not keep to its pace."""
        job = self.job
        job.set_speed(None)
        assert job.wait(PATIENCE)
        self.look()
        return job

    # -- what is seen ----------------------------------------------------------------------------------------------

    def button(self, label: str) -> Any:
        """The button of that label."""
        return next(button for button in self.at.button if button.label == label)

    def enabled(self) -> set[str]:
        """Which buttons of the control bar can be pressed."""
        bar = {"Train", "Pause", "Resume", "Step", "Stop", "Reset"}
        return {button.label for button in self.at.button if button.label in bar and not button.disabled}

    @property
    def job(self) -> Job:
        """The run on screen."""
        job = _server.registry().get(self.address["run"])
        assert job is not None
        return job

    @property
    def state(self) -> str:
        """The state as its badge says it; empty without a run."""
        badges = [text for text in self.texts if text.startswith(":") and "-badge[" in text]
        return badges[0].rsplit(" ", 1)[-1].rstrip("]") if badges else ""

    def open(self, job: Job) -> "Session":
        """Open a run from the list in the sidebar."""
        self.at.button(f"show_{job.id}").click()
        return self.look()

    @property
    def texts(self) -> list[str]:
        """All markdown and captions, and what stands at the bars of progress."""
        written = [element.value for element in (*self.at.markdown, *self.at.caption)]
        return [read(text) for text in written + [bar.proto.text for bar in self.at.get("progress")]]

    @property
    def errors(self) -> list[str]:
        """Messages of errors."""
        return [read(element.value) for element in self.at.error]

    @property
    def warnings(self) -> list[str]:
        """Messages of warnings."""
        return [read(element.value) for element in self.at.warning]

    @property
    def address(self) -> dict[str, str]:
        """What stands in the address."""
        # AppTest gives a list where a name stands there more than once.
        return {name: value for name, value in self.at.query_params.items() if isinstance(value, str)}

    def value(self, name: str) -> Any:
        """What the session holds under a name."""
        return self.at.session_state[name]

    def field(self, name: str) -> Any:
        """A field of the form."""
        return self.value(f"set_{name}")

    def says(self, words: str) -> bool:
        """Whether some text on the page has these words."""
        return any(words in text for text in self.texts)

    def chart(self, key: str) -> dict[str, Any]:
        """The figure that went to the browser for the chart of ``key``; arrays packed, or named if sent before."""
        found = [element for element in self.at.get("bidi_component") if element.key == key]
        assert len(found) == 1, f"there are {len(found)} charts called {key}"
        return json.loads(found[0].proto.bytes.split(b"\n", 1)[1])

    def has_chart(self, key: str) -> bool:
        """Whether there is a chart of ``key``."""
        return any(element.key == key for element in self.at.get("bidi_component"))

    @property
    def ranked(self) -> pd.DataFrame:
        """The most abnormal rows of the result; the columns of an own table may be shown above them."""
        return next(frame.value for frame in self.at.dataframe if "rank" in frame.value)

    def tiles(self) -> dict[str, str]:
        """The tiles' names and numbers."""
        row = next(element for element in self.at.get("bidi_component") if element.key == "tiles")
        return {tile["name"]: tile["value"] for tile in json.loads(row.proto.json)}


def hold(job: Job) -> None:
    """Wait until a run is paused."""
    until(lambda: job.snapshot().state == JobState.PAUSED)
