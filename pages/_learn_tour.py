"""Chapter 8: how GANs fail, a tour through the diagnosis, and what several generators cure and what not."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import streamlit as st

from pages import _diagnosis, _server, _shown
from pages import _learn_parts as _learn
from sogaal.config import TrainConfig
from sogaal.diagnosis import Finding
from sogaal.jobs import Job
from sogaal.lessons.tour import ANSWERS, TOUR, Change, Failure, Measured, Outcome, Seeds, measured, outcome

# A run that is watched takes about so long.
WATCH_SECONDS = 8
MO_GAAL = {"algorithm": "mo-gaal", "k": 10}
# What MO-GAAL makes of a set-up, and what is said of those where it is so.
CHANGES: Mapping[Change, tuple[str, str]] = {
    "cured": ("Cured, two seeds of three and more end with .9 or more:", "."),
    "better": ("Better, but not well:", "."),
    "same": (
        "Not helped:",
        ". Here all ten are in the same trouble: they start dead, or cannot reach columns in the hundreds.",
    ),
    "well": ("Nothing to cure, one generator ranks well too:", "."),
}
CHECKS = {
    "tour_said": "I said what would come before I saw it.",
    "tour_ran": "I saw a failure live and read its diagnosis.",
    "tour_changed": "I ran the set-up that the diagnosis suggests beside it.",
    "tour_mo": "I tried MO-GAAL on mode collapse.",
    "tour_mo_other": "I tried MO-GAAL on another failure.",
}


# -- one failure -------------------------------------------------------------------------------------------------------


def _choose() -> Failure:
    st.session_state.setdefault("tour_failure", next(iter(TOUR)))
    # Buttons and no list or switches: those keep keys to themselves.
    with st.container(horizontal=True, gap="small", key="tour_stops"):
        for kind, failure in TOUR.items():
            seen = _learn.done(f"tour_{kind}_ran")
            st.button(
                failure.title,
                key=f"tour_to_{kind}",
                icon=":material/check:" if seen else None,
                type="primary" if kind == st.session_state["tour_failure"] else "secondary",
                on_click=lambda to: st.session_state.update(tour_failure=to),
                args=(kind,),
            )
    return TOUR[st.session_state["tour_failure"]]


def _about(failure: Failure, seen: Seeds) -> None:
    st.markdown(f"### {failure.title}\n\n{failure.why}\n\n**The set-up:** {failure.setup} All else is as usual.")
    what = "are found healthy" if failure.kind == "healthy" else "show it"
    # The AUC would answer the question below.
    auc = "" if _learn.held(f"tour_{failure.kind}") else f"; last AUC {_spread(seen)}"
    st.caption(f"Measured: {seen.shown} of {seen.count} seeds {what}{auc}.")


def _seed(failure: Failure) -> int:
    first = _learn.fixed().get("seed", failure.seed)
    if "controls" in _learn.hidden():
        return int(first)
    words = f"Another seed, another run. Seed {failure.seed} shows it plainly."
    key = f"tour_seed_{failure.kind}"
    return int(st.number_input("Seed", 0, 2**32 - 1, first, key=key, width=180, help=words))


def _submit(failure: Failure, config: TrainConfig, scaling: str) -> Job:
    dataset = _server.table(failure.dataset)
    speed = max(1.0, config.total_steps(dataset.n) / WATCH_SECONDS)
    return _server.registry().submit(dataset, config, scaling, speed=speed)


def _fail(failure: Failure, config: TrainConfig, keys: bool) -> tuple[Job, Sequence[Finding]] | None:
    """The failure's own run: live, then what it came to; None until it has ended."""
    name = f"tour_{failure.kind}"
    job = _learn.run_button(name, "Train it", lambda: _submit(failure, config, failure.scaling), keys=keys)
    if job is None:
        return None
    st.markdown(f"**A**: {_learn.plain(failure.title.lower())}, seed {job.config.seed}")
    if not _learn.watched(job, name, stacked=True):
        return None
    _learn.tick("tour_ran")
    _learn.tick(f"{name}_ran")
    found, came = _ended(job)
    answer = came.answer(failure.asks)
    if answer is None:
        st.info(f"It diverged, so there is no ranking. {_numbers(came)}", icon=":material/info:")
    else:
        _learn.verdict(name, answer, ANSWERS[failure.asks], _numbers(came))
    _findings(found, failure.kind)
    return job, found


def _ended(job: Job) -> tuple[Sequence[Finding], Outcome]:
    found = _diagnosis.findings_of(_shown.of_job(job))
    snapshot = job.snapshot()
    came = outcome(
        snapshot.history,
        snapshot.stop_step,
        [finding.kind for finding in found],
        diverged=bool(job.diverged),
        at_stop=job.config.score_at == "stop",
    )
    return found, came


def _numbers(came: Outcome) -> str:
    auc = f"AUC {came.auc:.3f}; " if isfinite(came.auc) else ""
    return f"{auc}losses at step {came.step:,}: D {came.d_loss:.2f}, G {came.g_loss:.2f}."


def _findings(found: Sequence[Finding], kind: str = "") -> None:
    """The diagnosis of this run, as the library made it; notes in a line, but for the one that the tour is about."""
    notes = [finding for finding in found if finding.severity == "note" and finding.kind != kind]
    for finding in (one for one in found if one not in notes):
        word, icon, color = _diagnosis.LOOK[finding.severity]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(word, icon=icon, color=color)
            st.markdown(f"**{_learn.plain(finding.title)}**", width="stretch")
        st.markdown(_learn.plain(finding.evidence))
        if finding.kind != kind or finding.severity == "note":  # else the tour has said it above
            st.caption(_learn.plain(finding.explanation))
    if notes:
        st.caption(_learn.plain(f"And noted: {', '.join(note.title for note in notes)}."))
    if kind and kind not in {finding.kind for finding in found}:
        st.caption(":material/casino: This seed does not show what the tour is about here; another one may.")


# -- beside it ---------------------------------------------------------------------------------------------------------


def _suggested(found: Sequence[Finding], kind: str) -> Mapping[str, Any]:
    """The change that the diagnosis of this run offers: for this kind, else the first there is."""
    ordered = sorted(found, key=lambda finding: finding.kind != kind)
    return next((finding.changes for finding in ordered if finding.changes), {})


def _remedies(failure: Failure, job: Job, found: Sequence[Finding]) -> dict[str, tuple[str, TrainConfig, str]]:
    """(label, set-up, scaling) of each run that can be had beside it, by name."""
    remedies = {}
    changes = dict(_suggested(found, failure.kind))
    if changes and changes != MO_GAAL:
        words = _learn.plain(_diagnosis.in_words(changes))
        scaling = str(changes.pop("scaling", job.scaling))
        remedies["changed"] = (f"Try: {words}", job.config.replace(**changes), scaling)
    remedies["mo"] = ("Try: MO-GAAL, k = 10", job.config.replace(**MO_GAAL), job.scaling)
    return remedies


def _beside(failure: Failure, job: Job, found: Sequence[Finding]) -> None:
    shown = st.session_state.setdefault("tour_beside", {})
    remedies = _remedies(failure, job, found)
    jobs = {}
    with st.container(horizontal=True, gap="small", key="tour_remedies"):
        for which, (label, config, scaling) in remedies.items():
            name = f"tour_{failure.kind}_{which}"

            def begin(which: str = which, config: TrainConfig = config, scaling: str = scaling) -> Job:
                shown[failure.kind] = which
                return _submit(failure, config, scaling)

            keys = _learn.goes_on(name)
            jobs[which] = _learn.run_button(name, label, begin, auto=False, kind="secondary", keys=keys)
    which = shown.get(failure.kind)
    other = jobs.get(which or "")
    if which is None or other is None:
        st.caption("A click trains the same with one change, from the same seed and the same noise.")
        return
    st.markdown(f"**B**: {remedies[which][0].removeprefix('Try: ')}, seed {other.config.seed}")
    if not _learn.watched(other, f"tour_{failure.kind}_{which}", stacked=True):
        return
    tried = "tour_mo" if failure.kind == "mode_collapse" else "tour_mo_other"
    _learn.tick("tour_changed" if which == "changed" else tried)
    theirs, came = _ended(other)
    st.markdown(_numbers(came))
    _findings(theirs)


# -- what MO-GAAL cures ------------------------------------------------------------------------------------------------


def _spread(seeds: Seeds) -> str:
    if not seeds.auc:
        return "none: all diverged"
    text = f"{seeds.mean:.2f} [{min(seeds.auc):.2f}\u2013{max(seeds.auc):.2f}]"
    return text if not seeds.diverged else f"{text}, {seeds.diverged} diverged"


def _cures(known: Mapping[str, Measured]) -> None:
    count = next(iter(known.values())).one.count
    st.markdown(
        f"""
### What MO-GAAL cures, and what it does not

One generator goes where D is most mistaken, with all its points. **MO-GAAL** (Liu et al. 2019) has k sub-generators,
each of which aims at its own level of D, from what D holds to be least real to what it holds to be most: some stay
outside where others go in. That is an answer to points that gather in one place. Each set-up of this tour, with one
generator and with ten, over {count} seeds:
"""
    )
    rows = [
        f"| {TOUR[kind].title} | {_spread(both.one)} | {both.one.shown} | {_spread(both.ten)} | {both.ten.shown} |"
        for kind, both in known.items()
    ]
    head = "| set-up | one: last AUC | shows it | MO-GAAL: last AUC | shows it |\n|---|---|--:|---|--:|"
    st.markdown("\n".join([head, *rows]))
    of = {change: [TOUR[kind].title for kind, both in known.items() if both.change == change] for change in CHANGES}
    st.markdown("\n".join(f"- **{title}** {_listed(of[change])}{more}" for change, (title, more) in CHANGES.items()))
    collapse = known["mode_collapse"]
    st.markdown(
        f"Mode collapse itself is gone: it shows in {collapse.one.shown} of {count} seeds with one generator, in "
        f"{collapse.ten.shown} with ten. With it goes what comes *from* points that gather or run away together, "
        "under other names: D that wins, swings, D that over-trains. But ten generators make a step two to three times "
        "as long, and a mean hides the seeds that end badly nevertheless: look at the lowest AUC."
    )


def _listed(titles: Sequence[str]) -> str:
    return "; ".join(title[0].lower() + title[1:] for title in titles) or "none"


def chapter() -> None:
    """Draw the chapter."""
    known = measured()
    st.markdown(
        "A GAN can fail in many ways, and a curve that looks calm proves nothing. Below is each failure that the "
        "diagnosis knows, with a set-up that shows it. Say what will come, watch it fail, read what the library finds "
        "in *this* run, and train a changed set-up beside it. A failure of the game need not cost the ranking on a "
        "table as easy as `onecluster`: where G never reaches the data, or stops too early, the AUC stays high, and "
        "the diagnosis may call the run healthy for all that."
    )
    failure = _choose()
    _about(failure, known[failure.kind].one)
    name = f"tour_{failure.kind}"
    _learn.predict(name, failure.question, ANSWERS[failure.asks])
    if _learn.done(f"{name}_said"):
        _learn.tick("tour_said")
    values = {"seed": _seed(failure)} | {name: value for name, value in _learn.fixed().items() if name != "seed"}
    busy = any(_learn.goes_on(f"{name}_{which}") for which in ("changed", "mo"))
    left, right = _learn.columns()
    with left:
        ended = _fail(failure, failure.config(**values), keys=not busy)
    with right:
        if ended is not None:
            _beside(failure, *ended)
        else:
            st.caption("What can be changed is offered here when the run has ended.")
    _cures(known)
    _learn.checklist(CHECKS)
