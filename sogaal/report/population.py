"""The report of many runs that belong together: their spread, each of them, and how to do them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.data import Dataset
from sogaal.errors import ConfigError, RunError
from sogaal.history import History
from sogaal.model import At
from sogaal.report.charts import WIDE, chart
from sogaal.report.content import ReportContent, train_command
from sogaal.report.document import document, section
from sogaal.report.html import Child, Html, join, table, tag
from sogaal.report.page import ranking_section
from sogaal.report.rows import rows_section
from sogaal.report.setup import origin_section, parameter, setup_section, table_again
from sogaal.report.svg import Drawing, Scale, crosses, dots, key, x_axis
from sogaal.runs.names import token_of
from sogaal.runs.populations import Member
from sogaal.runs.record import RunRecord
from sogaal.snapshots import JobState

# Members and set-ups in the tables, set-ups in the chart, and commands: as many as people read.
MOST_MEMBERS, MOST_GROUPS, MOST_ROWS, MOST_COMMANDS = 200, 150, 30, 20
NUMBERS = {"auc_stop": "AUC at stop", "auc_final": "AUC at end", "auc_best": "AUC best", "d_loss": "D loss",
           "g_loss": "G loss"}  # fmt: skip
ROW, LEFT = 26.0, 250.0


@dataclass(frozen=True, eq=False)
class PopulationContent:
    """All of a population that its report tells.

    ``runs``: the ids of members that became runs of their own, by index. ``logits`` (n,): of an ensemble, its members'
    mean at "stop" and "end"; empty for others.
    """

    record: RunRecord
    dataset: Dataset
    members: Sequence[Member]
    runs: Mapping[int, str] = field(default_factory=dict)
    logits: Mapping[At, npt.NDArray[np.floating[Any]]] = field(default_factory=dict)

    @property
    def varied(self) -> tuple[str, ...]:
        """What the members differ in, but for the seed."""
        return tuple(name for name in self.record.population.varied if name != "seed") if self.record.population else ()

    @property
    def groups(self) -> dict[tuple[Any, ...], list[Member]]:
        """The members by set-up: those of one differ in their seeds alone."""
        found: dict[tuple[Any, ...], list[Member]] = {}
        for member in self.members:
            found.setdefault(tuple(member.values[name] for name in self.varied), []).append(member)
        return found


def population_page(content: PopulationContent) -> bytes:
    """The whole page, UTF-8; same content, same bytes. Raises :class:`RunError` for a member that is none."""
    record = content.record
    return document(
        record.name or record.title,
        [
            _head(content),
            _results(content),
            *_ensemble(content),
            _members(content),
            setup_section(record.config, record.scaler, _differing(content)),
            origin_section(content.dataset, record.versions, record.device, record.id, record.created),
            _again(content),
        ],
    )


def _differing(content: PopulationContent) -> tuple[str, ...]:
    return () if content.record.population is None else content.record.population.varied


# -- what it is, and how it ended --------------------------------------------------------------------------------------


def _head(content: PopulationContent) -> Html:
    record, data = content.record, content.dataset
    kind = "runs" if record.population is None else record.population.kind
    labels = "no labels" if data.y is None else f"{data.n_outliers:,} labelled outliers ({data.outlier_share:.1%})"
    names = ", ".join(map(parameter, _differing(content))) or "nothing"
    seconds = record.summary.get("seconds")
    took = f", {seconds:,.1f} s of training" if isinstance(seconds, int | float) else ""
    lines: list[Child] = [
        tag("h1", tag("bdi", record.name or record.title)),
        tag("p", tag("bdi", record.title), class_="subtitle") if record.name else "",
        tag("p", f"{kind.capitalize()}: {_counted(content)} runs of {record.config.algorithm.upper()} on ",
            tag("bdi", data.title or data.name), f": {data.n:,} rows, {data.d:,} features, {labels}."),
        tag("p", f"They differ in: {names}."),
        tag("p", f"It is {record.state.value}: {record.step:,} steps in all{took}. {record.message}".rstrip()),
    ]  # fmt: skip
    if record.tags:
        lines.append(tag("p", "Tags: ", [join(tag("span", tag("bdi", one), class_="tag"), " ") for one in record.tags]))
    if record.note:
        lines.append(tag("p", record.note, class_="note"))
    return tag("header", lines)


def _counted(content: PopulationContent) -> str:
    """How many members there are, of those that were to be."""
    count, about = len(content.members), content.record.population
    return f"{count:,}" if about is None or count >= about.planned else f"{count:,} of {about.planned:,}"


def _results(content: PopulationContent) -> Html:
    if not content.members:
        return section("Result", tag("p", "None of its members has ended."))
    if content.dataset.y is None:
        return section("Result", tag("p", "There are no labels, so there is no AUC: the members' losses are below."))
    parts: list[Child] = [
        tag("p", "Labels were used to evaluate only: the trainings never saw them.", class_="labels"),
        _spread(content),
        tag("p", "AUC best peeks at the labels: the highest on the way of each member.", class_="fine"),
    ]
    groups = content.groups
    if len(groups) <= MOST_ROWS and any(_values(content.members, name) for name in ("auc_stop", "auc_final")):
        parts.append(_chart(content))
    if len(groups) > 1:
        parts.append(_by_setup(content))
    return section("Result", *parts)


def _values(members: Sequence[Member], name: str) -> list[float]:
    """The finite values of the members that did not fail, as far as they came."""
    found = [member.numbers[name] for member in members if member.state != JobState.FAILED]
    return [float(value) for value in found if value is not None]


def _spread(content: PopulationContent) -> Html:
    rows = []
    for name in ("auc_stop", "auc_final", "auc_best"):
        values = _values(content.members, name)
        told = (np.mean(values), np.std(values), np.median(values), min(values), max(values)) if values else (None,) * 5
        rows.append([NUMBERS[name], f"{len(values):,}", *map(_four, told)])
    heads = ["ROC-AUC", "members", "mean", "standard deviation", "median", "lowest", "highest"]
    return table("The spread over all members", heads, rows, numbers=range(1, 7))


def _four(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "-"


def _name(content: PopulationContent, values: tuple[Any, ...]) -> str:
    shown = [f"{parameter(name)} {_shown(value)}" for name, value in zip(content.varied, values, strict=True)]
    return ", ".join(shown) or "all members"


def _shown(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _chart(content: PopulationContent) -> Html:
    """A row for each set-up, with the AUCs of its members."""
    groups = content.groups
    height = ROW * len(groups) + 48
    ends = _values(content.members, "auc_final")
    alt = f"ROC-AUC of {len(content.members):,} members in {len(groups)} rows, one for each set-up"
    alt += f"; at the end from {min(ends):.3f} to {max(ends):.3f}." if ends else "."
    drawing = Drawing(WIDE, height, alt)
    scale = Scale(0.0, 1.0, LEFT, WIDE - 16)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    bottom = height - 42
    for tick in ticks:
        x = float(scale(tick))
        drawing.rule(x, 6, x, bottom, "chance" if tick == 0.5 else "grid")
    for row, (values, members) in enumerate(groups.items()):
        y = 6 + ROW * (row + 0.5)
        name = _name(content, values)
        drawing.text(LEFT - 10, y + 4, name if len(name) <= 38 else f"{name[:37]}…", anchor="end")
        for which, class_, shift in (("auc_stop", "crosses auc", -4.0), ("auc_final", "dots inlier", 4.0)):
            places = scale(_values(members, which))
            heights = np.full(len(places), y + shift)
            drawn = crosses(places, heights, 3) if "crosses" in class_ else dots(places, heights)
            drawing.add(tag("path", d=drawn, class_=class_))
    x_axis(drawing, scale, bottom, ticks, "ROC-AUC", "{:g}")
    signs = key(("auc", "✕", "when G stopped"), ("inlier", "●", "at the end"))
    words = "Each mark is a member. The dotted line is guessing; how far a row reaches is how much the seed decides."
    return chart("Where the members end", signs, drawing, words)


def _by_setup(content: PopulationContent) -> Html:
    rows = []
    for values, members in [*content.groups.items()][:MOST_GROUPS]:
        cells = [_shown(value) for value in values] + [f"{len(members):,}"]
        for name in ("auc_stop", "auc_final"):
            found = _values(members, name)
            cells += [_four(float(np.median(found))), f"{min(found):.4f} to {max(found):.4f}"] if found else ["-", "-"]
        rows.append(cells)
    heads = [parameter(name) for name in content.varied]
    heads += ["members", "AUC at stop, median", "from to", "AUC at end, median", "from to"]
    left_out = len(content.groups) - len(rows)
    caption = f"By set-up; the first {len(rows)} of {len(content.groups):,}" if left_out else "By set-up"
    return table(caption, heads, rows, numbers=range(1, len(heads)), class_="rows")


def _ensemble(content: PopulationContent) -> list[Html]:
    """What the members say together: the ranking, and the rows that stand out."""
    if not content.logits:
        return []
    record, config = content.record, content.record.config
    summary = record.summary
    told = {at: summary.get(name) for at, name in (("stop", "auc_stop"), ("end", "auc_final"))}
    aucs = [f"{value:.4f} {words}" for at, words in (("stop", "when G stopped"), ("end", "at the end"))
            if (value := told[at]) is not None]  # fmt: skip
    as_one = ReportContent(
        title=record.title, dataset=content.dataset, config=config, scaler=record.scaler,
        view=History(config.n_generators).view(), frames=(), logits=content.logits, numbers=summary,
        state=record.state, epoch=0, total_steps=record.total_steps, stop_step=None,
    )  # fmt: skip
    words = "Below, D stands for the members' mean logit, by which an ensemble ranks."
    words += f" Its ROC-AUC is {' and '.join(aucs)}." if aucs else ""
    return [section("The members together", tag("p", words)), ranking_section(as_one), rows_section(as_one)]


# -- each of them, and again -------------------------------------------------------------------------------------------


def _members(content: PopulationContent) -> Html:
    if not content.members:
        return section("The members", tag("p", "There are none yet."))
    shown = content.members[:MOST_MEMBERS]
    names = list(shown[0].values) if shown else []
    heads: list[Child] = ["member", *map(parameter, names), "state", *NUMBERS.values(), "seconds"]
    heads += ["run"] if content.runs else []
    heads += ["message"] if any(member.message for member in shown) else []
    rows: list[list[Child]] = []
    for member in shown:
        seconds = member.numbers["seconds"]
        cells: list[Child] = [str(member.index), *(_shown(member.values[name]) for name in names), member.state.value]
        cells += [_four(member.numbers[name]) for name in NUMBERS]
        cells.append("-" if seconds is None else f"{seconds:.1f}")
        if content.runs:
            run = content.runs.get(member.index)
            cells.append("" if run is None else tag("code", token_of(run)))
        rows.append([*cells, member.message] if heads[-1] == "message" else cells)
    count = len(content.members)
    caption = "All members" if len(shown) == count else f"The first {len(shown)} of {count:,} members"
    note = "" if len(shown) == count else tag("p", "All of them are in members.csv of the run's folder.", class_="fine")
    first, last = len(names) + 2, len(names) + 2 + len(NUMBERS)
    numbers = [*range(1, len(names) + 1), *range(first, last + 1)]
    return section("The members", table(caption, heads, rows, numbers=numbers), note)


def _again(content: PopulationContent) -> Html:
    record, data = content.record, content.dataset
    parts = table_again(data, record.id)
    command = train_command(data, record.config, record.scaling_method)
    if record.population is not None and record.population.kind == "ensemble":
        parts.append(tag("p", "On the command line:"))
        parts.append(tag("pre", tag("code", f"{command} --n_estimators {record.population.planned}")))
        alone = "Each member alone, as a run that can be watched:"
    else:
        alone = "On the command line, each member as a run of its own:"
    try:
        lines = [
            train_command(data, member.config(record.config), member.scaling(record.scaling_method))
            for member in content.members[:MOST_COMMANDS]
        ]
    except ConfigError as error:
        raise RunError(f"{record.id}: the members are damaged ({error}).") from None
    more = len(content.members) - len(lines)
    parts += [tag("p", alone), tag("pre", tag("code", "\n".join(lines)))] if lines else []
    if more:
        parts.append(tag("p", f"And {more:,} more, with the values of their lines in the table of members."))
    same = "Same seed and set-up, same history: bit for bit on one machine and kind of device with the versions above."
    return section("How to do it again", *parts, tag("p", same, class_="fine"))
