"""The browser's Back and Forward.

Pages keep what they show in the session, and read the address at their first visit. Back and Forward bring an address
of before to a session that has gone on: the page then reads it as a first visit would, but starts nothing.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

# What an address shows: a chapter and its failure, a run and its tab, a race or a sweep, runs side by side. All else in
# it is how that is set.
PLACES = ("chapter", "failure", "run", "view", "id", "ids")

# Streamlit makes each address that a page writes a step of the browser's history: Back would undo a set-up field by
# field. And of a page that is new it may write the query before the path, which is a step to a page that never was.
_JS = """
export default function ({ data }) {
  if (history.sogaalPlaces) return;
  history.sogaalPlaces = data.places;
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);
  const place = (url) => JSON.stringify(history.sogaalPlaces.map((name) => url.searchParams.get(name)));
  let last = null;  // the last query that was written: the address before it, and whether it was a step
  addEventListener("popstate", () => { last = null; });

  history.pushState = (state, title, address) => {
    const here = new URL(location.href), there = new URL(address, here);
    if (there.pathname === here.pathname) {
      // What a page makes of an address without a query, or of one that starts something, is no step from there.
      const whole = here.search !== "" && here.searchParams.get("start") === null;
      last = { before: here.href, step: whole && place(here) !== place(there) };
      (last.step ? push : replace)(state, title, address);
      return;
    }
    const late = last !== null && there.search !== "" && there.search === here.search;
    if (late && !last.step) replace({}, "", last.before);
    (late && last.step ? replace : push)(state, title, address);
    last = null;
  };
}
"""

_places = st.components.v2.component("sogaal_history", js=_JS)


def keep_to_places() -> None:
    """Have the browser's history go from place to place: another set-up of the same is no step of its own."""
    _places(key="browser_history", data={"places": PLACES})


def went(*names: str) -> bool:
    """Whether Back or Forward led here, to an address that says one of ``names``.

    Streamlit's own word counts, and not that the address differs from what the page shows: so it does after a click
    as well, until the page has written it. An address that says nothing (a page's before it wrote one) changes nothing.
    """
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False)) and any(
        name in st.query_params for name in names
    )
