"""A race that has ended as one picture, to be taken along for slides."""

from collections.abc import Callable

import streamlit as st

from sogaal import figures
from sogaal.config import FIELDS
from sogaal.race import LaneView, Race, RaceSnapshot, shown_value
from sogaal.race.keeping import race_title
from sogaal.report import RaceLane, race_picture


def offer(
    race: Race,
    planes: Callable[[RaceSnapshot], list[figures.PlaneInfo]],
    curves: Callable[[RaceSnapshot], list[figures.CurvesInfo]],
) -> None:
    """A button that downloads what the race shows at its end; nothing where it has not begun."""
    snapshot = race.snapshot()
    if not snapshot.lanes:
        return
    seen = zip(snapshot.lanes, planes(snapshot), curves(snapshot), strict=True)
    lanes = [RaceLane(lane.setup.name, _told(lane), plane, curve) for lane, plane, curve in seen]
    picture = race_picture(f"{race_title(race.dataset, race.setups)} · {snapshot.step:,} steps", lanes, _shared(race))
    st.download_button(
        "One picture for slides (SVG)",
        data=picture,
        file_name=f"{race.dataset.name}-race.svg",
        mime="image/svg+xml",
        icon=":material/image:",
        key="lab_picture",
        on_click="ignore",
        help="All set-ups with their planes, losses and AUC, and all hyperparameters, sharp at any size.",
    )


def _told(lane: LaneView) -> list[str]:
    told = [("AUC at stop", None if lane.stop_step is None else lane.auc_at(lane.stop_step))]
    told.append(("AUC at end", lane.auc_at(lane.step)))
    aucs = " · ".join(f"{name} {value:.3f}" for name, value in told if value is not None)
    return [line for line in (aucs, lane.findings[0].title if lane.findings else "") if line]


def _shared(race: Race) -> dict[str, str]:
    """The hyperparameters that all set-ups have in common and use, by the names that they have everywhere."""
    first = race.setups[0]
    unused = {"device"} | (set() if "mo-gaal" in {one.config.algorithm for one in race.setups} else {"k"})
    unused |= set() if first.config.stop_epochs == "auto" else {"auto_seeds"}
    shared = {name: shown_value(getattr(first.config, name)) for name in FIELDS if name not in unused}
    for name in list(shared):
        if len({repr(getattr(one.config, name)) for one in race.setups}) > 1:
            del shared[name]
    scalings = {one.scaling for one in race.setups}
    return shared | ({"scaling": first.scaling} if len(scalings) == 1 else {})
