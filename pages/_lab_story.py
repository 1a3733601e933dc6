"""What a race showed, in its own numbers beside those measured before, and where the post's explanation fails."""

from typing import Any

import streamlit as st

from pages import _diagnosis
from pages._words import plain
from sogaal import figures
from sogaal.config import FIELDS
from sogaal.jobs import JobState
from sogaal.populations import MEASURED_SEEDS, POST_FIGURE_4_AUC, Measured, measured
from sogaal.race import SCALING, Acts, LaneView, Race, acts, field_title, shown_value

# From here on the generator starts outside the data: there is a first act.
OUTSIDE = 0.3
# By how much a loss or an AUC has to move to be said to rise or to fall.
RISE, FALL = 0.1, 0.05


def story(race: Race) -> None:
    """Draw what there is to say about a race that has ended."""
    snapshot = race.snapshot()
    played = [found for lane in snapshot.lanes if (found := acts(lane)) is not None]
    if len(played) < len(snapshot.lanes) or not played:
        return
    st.subheader("What this race shows", divider="gray")
    st.dataframe(
        [_row(number, lane, found) for number, (lane, found) in enumerate(zip(snapshot.lanes, played, strict=True))],
        hide_index=True,
        height="content",
        column_config=_columns(),
        alt="The course of each set-up in numbers",
    )
    _differences(race)
    if snapshot.state == JobState.COMPLETED:
        for number, (lane, found) in enumerate(zip(snapshot.lanes, played, strict=True)):
            before = measured(race.dataset, lane.setup)
            if before is not None:
                _told(figures.LETTERS[number], lane, found, before)
    for number, lane in enumerate(snapshot.lanes):
        _findings(number, lane)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _row(number: int, lane: LaneView, found: Acts) -> dict[str, Any]:
    return {
        "run": figures.LETTERS[number],
        "name": lane.setup.name,
        "spike": f"{found.spike_g_loss:.2f} at step {found.spike_step:,} (D {found.spike_d_loss:.2f})",
        "auc_1000": lane.auc_at(1000),
        "auc_stop": found.auc_stop,
        "auc_end": found.auc_end,
        "g_loss": _change(found.g_loss_stop, found.g_loss_end),
        "d_loss": _change(found.d_loss_stop, found.d_loss_end),
        "moved": found.moved,
    }


def _change(stop: float | None, end: float) -> str:
    return f"{end:.2f}" if stop is None else f"{stop:.2f} → {end:.2f}"


def _columns() -> dict[str, Any]:
    column = st.column_config
    aucs = {"auc_1000": "AUC at step 1,000", "auc_stop": "AUC at stop", "auc_end": "AUC at end"}
    return {
        "run": column.TextColumn("", width=40),
        "name": column.TextColumn("Set-up"),
        "spike": column.TextColumn("Highest G loss early on", help="and D's loss at that step"),
        **{name: column.NumberColumn(title, format="%.3f") for name, title in aucs.items()},
        "g_loss": column.TextColumn("G's loss, stop → end", help="Medians over 50 steps"),
        "d_loss": column.TextColumn("D's loss, stop → end", help="Medians over 50 steps"),
        "moved": column.NumberColumn(
            "G moved after its stop", format="%.3g", help="How far its furthest point went, in scaled units"
        ),
    }


def _differences(race: Race) -> None:
    first = race.setups[0]
    names = [name for name in FIELDS if len({repr(getattr(one.config, name)) for one in race.setups}) > 1]
    names += [SCALING] if len({one.scaling for one in race.setups}) > 1 else []
    told = []
    for name in names:
        values = [one.scaling if name == SCALING else shown_value(getattr(one.config, name)) for one in race.setups]
        told.append(f"{field_title(name)} ({', '.join(values)})")
    st.caption(plain(f"What differs: {'; '.join(told)}. All else is the same, seed {first.config.seed} too."))


def _findings(number: int, lane: LaneView) -> None:
    if not lane.findings:
        return
    title = f"{figures.LETTERS[number]}: {', '.join(finding.title for finding in lane.findings)}"
    with st.expander(plain(title), icon=":material/stethoscope:"):
        for finding in lane.findings:
            word, icon, color = _diagnosis.LOOK[finding.severity]
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(word, icon=icon, color=color)
                st.markdown(f"**{plain(finding.title)}**", width="stretch")
            st.markdown(plain(finding.evidence))
            st.caption(plain(finding.explanation))


# -- words -------------------------------------------------------------------------------------------------------------


def _told(letter: str, lane: LaneView, found: Acts, before: Measured) -> None:
    """The run in sentences, each made of its own numbers; where it went otherwise, that is said."""
    bias = lane.setup.config.generator_bias
    st.markdown(f"**{letter}, generator bias {shown_value(bias)}**")
    after = _second_act(found, before)
    if bias >= OUTSIDE:
        sentences = [_first_act(found, lane), after and f"Act two. {after}"]
    else:
        sentences = [_quiet_start(found), after]
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences if sentence))
    claims = _collapse_claims(found, lane, before) if bias >= OUTSIDE else _convergence_claim(found)
    if claims:
        with st.container(border=True, key=f"lab_claims_{letter}"):
            st.markdown(":material/fact_check: **Where the post's explanation does not hold**")
            st.markdown("\n".join(f"- {plain(claim)}" for claim in claims))


def _first_act(found: Acts, lane: LaneView) -> str:
    where = "" if found.start is None else f" (mean {found.start:.2f}, the data lie between 0 and 1)"
    text = (
        f"Act one, the early spike. G starts at z + {2 * lane.setup.config.generator_bias:g}{where}, so D wins at "
        f"once: at step {found.spike_step:,} G's loss is {found.spike_g_loss:.2f} and D's {found.spike_d_loss:.2f}."
    )
    if lane.setup.config.generator_bias == 1:
        text += " Measured before, always: about 3.2 and .08 near step 110."
    auc = lane.auc_at(1000)
    return text if auc is None else f"{text} G comes back: at step 1,000 the AUC is {auc:.3f}."


def _quiet_start(found: Acts) -> str:
    return (
        f"G starts as the noise itself, all around the data: early on its loss goes no higher than "
        f"{found.spike_g_loss:.2f}, and the AUC is {_or_dash(found.auc_stop)} when G stops."
    )


def _second_act(found: Acts, before: Measured) -> str:
    if found.auc_stop is None or found.auc_end is None:
        return ""
    fell = found.auc_stop - found.auc_end > FALL
    verb = "falls" if fell else "goes"
    return (
        f"After G is frozen at step {found.stop_step:,}: the AUC {verb} from {found.auc_stop:.3f} to "
        f"{found.auc_end:.3f}. Measured before over {MEASURED_SEEDS} seeds: {before.auc[6000]:.3f} on average, from "
        f"{before.low:.3g} to {before.high:.3g}."
    )


def _collapse_claims(found: Acts, lane: LaneView, before: Measured) -> list[str]:
    claims = []
    if found.g_loss_stop is not None and found.moved is not None:
        rise = found.g_loss_end - found.g_loss_stop
        said = (
            "The post explains the rise of G's loss by G making points that are easy to tell. "
            f"But from step {found.stop_step:,} on G is frozen: its points moved by {found.moved:.2g}. "
        )
        if rise > RISE:
            said += (
                f"Its loss still rose from {found.g_loss_stop:.2f} to {found.g_loss_end:.2f}. It is D that changed: it "
                "went on learning against points that no longer answer."
            )
        else:
            said += (
                f"With this seed its loss did not even rise ({found.g_loss_stop:.2f} to {found.g_loss_end:.2f}), and "
                f"the AUC went from {_or_dash(found.auc_stop)} to {_or_dash(found.auc_end)} all the same."
            )
        claims.append(said)
    auc = lane.auc_at(1000)
    if auc is not None:
        claims.append(
            f"The post lets the bias alone decide. Half-way through the game, at step 1,000, the AUC was {auc:.3f} "
            f"(measured before: {before.auc[1000]:.3f}): what is lost is lost later, and whoever keeps D as it was "
            "when G stopped keeps most of it."
        )
    if lane.setup.config.generator_bias == 1:
        claims.append(
            f"The post's Figure 4 (AUC {POST_FIGURE_4_AUC:.2f}, D's loss low, G's rising) is one of several endings; "
            f"this seed ends at {_or_dash(found.auc_end)} with losses of {found.d_loss_end:.2f} and "
            f"{found.g_loss_end:.2f}. "
            "Look at the spread over seeds before believing any one of them."
        )
    return claims


def _convergence_claim(found: Acts) -> list[str]:
    if found.stop_step is None or found.g_loss_stop is None or found.d_loss_stop is None:
        return []
    return [
        f"The post sees both losses converge after 2,000 epochs. Its axis counts iterations, and at iteration "
        f"{found.stop_step:,} G is frozen: the game ends there and finds no balance. From then on only D moves "
        f"(its loss from {found.d_loss_stop:.2f} to {found.d_loss_end:.2f}), and the AUC goes from "
        f"{_or_dash(found.auc_stop)} to {_or_dash(found.auc_end)}."
    ]


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
