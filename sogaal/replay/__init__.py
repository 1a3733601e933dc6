"""The replay of a run: what a browser needs to play it, and the stand-alone page that does.

``payload.py`` makes the data, ``run.js`` reads it and computes D at any moment, ``paint.js``, ``plane.js`` and
``curves.js`` draw, and ``replay.js`` is the player. The dashboard and the stand-alone page run the same script.
"""

from sogaal.replay.page import replay_page, script, stylesheet
from sogaal.replay.payload import replay_payload

__all__ = ["replay_page", "replay_payload", "script", "stylesheet"]
