"""What the reader did in the course, kept in their own browser: answers, ticks, places, and which runs were theirs.

The server keeps nothing of it, so readers of one server do not meet, and there is nothing to log in to. It is kept
apart for each set of hyperparameters that an address fixes: an answer about one experiment is none about another.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import streamlit as st

from pages import _lab_server, _learn_parts, _links, _server

# Session entry: a mapping that grows by what is kept. The first word is the name in the browser.
_MAPPINGS = {
    "said": "learn_said",
    "jobs": "learn_jobs",
    "populations": "learn_populations",
    "beside": "tour_beside",
}
# Where a chapter that goes step by step stands.
_PLACES = ("network_place", "step_place")
# What a browser may send back: more is not from here.
_MOST, _LONGEST, _FURTHEST = 400, 80, 2000

# A browser that allows no storage (a private window of some) keeps nothing, and the course goes on as it is.
_JS = """
const KEY = "sogaal.learn", MOST = 12;
function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch { return {}; }
}
function store(all) {
  try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* not allowed, or full */ }
}
// Another tab may have added to it: what is there stays, and what is new wins.
function merged(old, fresh) {
  const both = { ...old };
  for (const [name, value] of Object.entries(fresh)) {
    both[name] = Array.isArray(value) ? [...new Set([...(Array.isArray(old[name]) ? old[name] : []), ...value])]
      : { ...(old[name] ?? {}), ...value };
  }
  return both;
}
export default function ({ data, setTriggerValue }) {
  if (data.ask) { setTriggerValue("kept", JSON.stringify(stored()[data.of] ?? {})); return; }
  const forgotten = (globalThis.sogaalForgotten ??= {});
  if ((forgotten[data.session] ?? 0) < data.forgets) {
    forgotten[data.session] = data.forgets;
    try { localStorage.removeItem(KEY); } catch { /* not allowed */ }
  }
  if (!Object.values(data.kept).some((part) => Object.keys(part).length)) return;
  const { [data.of]: old = {}, ...others } = stored();
  const rest = Object.entries(others).slice(1 - MOST);
  store(Object.fromEntries([...rest, [data.of, merged(old, data.kept)]]));
}
"""

_browser = st.components.v2.component("sogaal_memory", html="<span></span>", js=_JS, isolate_styles=False)


def memory() -> None:
    """Take up what the browser has kept, once a session, and have it keep what there is now; at the end of a page."""
    state = st.session_state
    known = _kept()
    if any(known.values()):
        st.button(
            "Forget my answers",
            key="learn_forget",
            icon=":material/delete_sweep:",
            type="tertiary",
            on_click=_forget,
            help="Answers, ticks and where you are in a chapter are kept in this browser alone, so that they are still "
            "there after a reload. This clears them.",
        )
    of = json.dumps({name: _links.text_of(value) for name, value in sorted(_learn_parts.fixed().items())})
    message: dict[str, Any] = {"of": of, "ask": not state.get("learn_recalled", False)}
    if not message["ask"]:
        forgets, session = state.get("learn_forgets", 0), state["learn_session"]
        message |= {"kept": known, "forgets": forgets, "session": session}
    _browser(key="learn_memory", data=message, height=1, on_kept_change=_recall)


def _kept() -> dict[str, Any]:
    state = st.session_state
    kept: dict[str, Any] = {name: dict(state.get(entry, {})) for name, entry in _MAPPINGS.items()}
    kept["done"] = sorted(state.get("learn_done", set()))
    kept["places"] = {name: state[name] for name in _PLACES if state.get(name)}
    return kept


def _recall() -> None:
    state = st.session_state
    sent = state["learn_memory"].get("kept")
    if sent is None or state.get("learn_recalled"):
        return
    state["learn_recalled"], state["learn_session"] = True, uuid4().hex
    take(read(sent))


def _forget() -> None:
    state = st.session_state
    for entry in (*_MAPPINGS.values(), *_PLACES, "learn_done"):
        state.pop(entry, None)
    for entry in [str(key) for key in state if str(key).startswith("predict_")]:
        state[entry] = None  # and not deleted: the browser would send the old answer again
    state["learn_forgets"] = state.get("learn_forgets", 0) + 1


def read(sent: str) -> dict[str, Any]:
    """What a browser sent, as :func:`memory` had it keep it; parts of another form are left out."""
    try:
        found = json.loads(sent)
    except (TypeError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    kept: dict[str, Any] = {name: _words(found.get(name)) for name in _MAPPINGS}
    done = found.get("done")
    kept["done"] = {one for one in done[:_MOST] if _word(one)} if isinstance(done, list) else set()
    places = found.get("places")
    places = places if isinstance(places, dict) else {}
    kept["places"] = {
        name: places[name] for name in _PLACES if type(places.get(name)) is int and 0 <= places[name] <= _FURTHEST
    }
    return kept


def _word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _words(value: Any) -> dict[str, str]:
    pairs = list(value.items())[:_MOST] if isinstance(value, dict) else []
    return {name: word for name, word in pairs if _word(name) and _word(word)}


def take(kept: Mapping[str, Any]) -> None:
    """Add to the session what was kept; what the reader has done since the page opened goes before it."""
    state = st.session_state
    if not kept:
        return
    there = {"jobs": _server.registry().get, "populations": _lab_server.populations().get}
    for name, entry in _MAPPINGS.items():
        found = {key: value for key, value in kept[name].items() if name not in there or there[name](value) is not None}
        state[entry] = found | state.get(entry, {})
    state["learn_done"] = kept["done"] | state.get("learn_done", set())
    for name, place in kept["places"].items():
        state.setdefault(name, place)
