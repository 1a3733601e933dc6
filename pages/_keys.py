"""The keyboard: which keys there are, said in one place, and whom they belong to where something else wants them too.

Streamlit's ``shortcut=`` presses a button wherever the focus is, but in a text field. Two buttons with the same key
would both be pressed, so a page gives each key away once: see :func:`space`. What it does not do, the script here
does: a button that was reached with Tab keeps Space for itself, and tabs, switches and sliders keep their arrows; an
answer or a switch that was chosen with the pointer gives the keys back, or the next arrow would choose another; and a
key that is held down presses once.
"""

import streamlit as st

WORDS = "**Space**: start, pause, go on. **→**: one step."

_JS = """
// Below the place where Streamlit listens (the document), above its own elements: they have had the key already.
const KEEPS_ARROWS = "[role=tablist], [role=radiogroup], [role=slider], [role=listbox], [role=menu], [role=grid], "
  + "[role=toolbar], [data-testid=stButtonGroup], [data-testid=stDataFrame], input, select, textarea, .sogaal-replay";
const CHOICES = "[role=radiogroup], [data-testid=stButtonGroup]";
const KEEPS_SPACE = "button, summary, a, [role=button], [role=tab], [role=option], [tabindex='0'], .sogaal-replay";

function listen() {
  let tabbed = false;
  addEventListener("pointerdown", () => { tabbed = false; }, true);
  addEventListener("keydown", (event) => { if (event.key === "Tab") tabbed = true; }, true);
  // On the way down, for the choices keep their clicks to themselves.
  addEventListener("click", (event) => {
    if (!tabbed && event.detail && event.target.closest?.(CHOICES)) setTimeout(() => document.activeElement?.blur());
  }, true);
  document.body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest) return;
    const space = event.key === " ", arrow = event.key.startsWith("Arrow");
    const kept = space ? tabbed && event.target.closest(KEEPS_SPACE) : arrow && event.target.closest(KEEPS_ARROWS);
    if (kept) event.stopPropagation();
    else if (space && event.repeat) { event.preventDefault(); event.stopPropagation(); }
  });
}

export default function () {
  if (!globalThis.sogaalKeys) { globalThis.sogaalKeys = true; listen(); }
}
"""

_script = st.components.v2.component("sogaal_keys", html="<span></span>", js=_JS, isolate_styles=False)


def keys(words: str = WORDS) -> None:
    """Say in a line which keys the page has, and see to it that they press what is meant; once a page."""
    st.session_state["free_space"] = True
    st.caption(f":material/keyboard: {words}")
    _script(key="keys", data={}, height=1)


def space() -> str | None:
    """The shortcut of the page's one button that Space presses: None for every button but the first that asks.

    Asked in the page's own run, after :func:`keys`.
    """
    return "Space" if st.session_state.pop("free_space", False) else None
