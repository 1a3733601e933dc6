"""The dashboard's entry: page configuration and navigation, nothing else."""

from pathlib import Path

import streamlit as st

from pages import _history
from pages._annotate import forget_deleted
from pages._import_runs import forget as forget_imported
from sogaal.launch import install_plotly

# Drawn here because Streamlit fetches Material icons and emoji for the browser's tab from the internet.
ICON = """<svg viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0072B2"/>
<g fill="#fff"><circle cx="12" cy="20" r="3"/><circle cx="17" cy="16" r="3"/><circle cx="10" cy="14" r="2.5"/></g>
<path d="M21 6l5 5m0-5l-5 5" stroke="#FFB37A" stroke-width="3" stroke-linecap="round"/></svg>"""

st.set_page_config(
    page_title="sogaal",
    page_icon=ICON,
    layout="wide",
    initial_sidebar_state=330,
    menu_items={
        "About": "**sogaal**: outlier detection with generative adversarial active learning (SO-GAAL and MO-GAAL), "
        "as a game between a generator and a discriminator that you can watch."
    },
)

# The live charts load plotly.min.js from static/; a plain `streamlit run app.py` has to find it there too.
install_plotly(Path(__file__).resolve().parent)

# The page is a workbench: the charts need the width that Streamlit leaves empty at both sides.
# Where it is narrow, charts go below each other instead of shrinking.
st.html(
    """<style>
    [data-testid=stMainBlockContainer] { padding-left: 2.2rem; padding-right: 2.2rem; }
    .st-key-charts [data-testid=stColumn] { min-width: min(100%, 26rem); }
    [class*=st-key-learn_charts] [data-testid=stColumn] { min-width: min(100%, 22rem); }
    .st-key-result_charts [data-testid=stColumn] { min-width: min(100%, 17rem); }
    .st-key-result_choices [data-testid=stColumn] { min-width: min(100%, 14.5rem); }
    .st-key-why_parts [data-testid=stColumn] { min-width: min(100%, 24rem); }
    .st-key-why_others [data-testid=stColumn] { min-width: min(100%, 24rem); }
    .st-key-score_parts [data-testid=stColumn] { min-width: min(100%, 24rem); }
    .st-key-rivals_alike [data-testid=stColumn] { min-width: min(100%, 24rem); }
    .st-key-rivals_rows [data-testid=stColumn] { min-width: min(100%, 24rem); }
    .st-key-compare_charts [data-testid=stColumn] { min-width: min(100%, 24rem); }
    .st-key-preset_main button { padding-left: 0.5rem; padding-right: 0.5rem; }
    [class*=st-key-chapter_] button { padding-left: 0.75rem; }
    [class*=st-key-chapter_] button, [class*=st-key-chapter_] button > * { justify-content: flex-start; }
    .st-key-browser_history { display: none; }
    /* Space goes from button to button here: its hint would push the others about. The sidebar says the keys. */
    .st-key-controls kbd, .st-key-lab_bar kbd { display: none; }
    /* All pages stay in sight: without their pictures the links fit beside the sidebar. */
    @media (max-width: 1150px) {
      [data-testid=stTopNavLink] { gap: 0; padding-left: 0.4rem; padding-right: 0.4rem; }
      [data-testid=stTopNavLink] > *:has([data-testid=stIconMaterial]) { display: none; }
    }
    @media (min-width: 640px) {
      .st-key-run_tools { margin-bottom: -3.35rem; position: relative; z-index: 1; pointer-events: none; }
      [data-testid=stLayoutWrapper]:has(> .st-key-run_tools) { margin-bottom: -1rem; }
      .st-key-run_tools button { pointer-events: auto; }
    }
    </style>"""
)

_history.keep_to_places()
st.logo(Path(__file__).with_name("pages") / "logo.svg", size="large")

RUNS = st.Page("pages/runs.py", title="Runs", icon=":material/table_rows:")
PAGES = [
    st.Page("pages/playground.py", title="Playground", icon=":material/play_circle:", default=True),
    RUNS,
    st.Page("pages/compare.py", title="Compare", icon=":material/stacked_line_chart:"),
    st.Page("pages/detectors.py", title="Detectors", icon=":material/leaderboard:"),
    st.Page("pages/score.py", title="Score", icon=":material/fact_check:"),
    st.Page("pages/lab.py", title="Failure lab", icon=":material/science:"),
    st.Page("pages/sweep.py", title="Sweep", icon=":material/query_stats:"),
    st.Page("pages/learn.py", title="Learn", icon=":material/school:"),
]

st.session_state["navigated"] = True
page = st.navigation(PAGES, position="top")
if page.url_path != RUNS.url_path:
    forget_deleted()  # what was deleted on that page can be undone until it is left
    forget_imported()
page.run()
