"""The report of a saved run, or of a population."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sogaal.diagnosis import Finding
from sogaal.ensemble import Ensemble
from sogaal.errors import ConfigError, DataError, RunError
from sogaal.frames import DiscriminatorWeights
from sogaal.model import At
from sogaal.report.content import Parent, ReportContent
from sogaal.report.page import report_page
from sogaal.report.population import PopulationContent, population_page
from sogaal.runs.folder import MODEL
from sogaal.runs.populations import runs_of
from sogaal.runs.record import RunRecord
from sogaal.runs.saved import SavedRun
from sogaal.runs.store import RunStore
from sogaal.runs.summary import NUMBERS
from sogaal.trust import SeedRankings

MOMENTS: tuple[At, ...] = ("stop", "end")


def report_of(run: SavedRun) -> bytes:
    """The report of a run as it lies in its folder; one that goes on, failed or broke off has what there is of it.

    Raises :class:`RunError` where the table is gone or a file is damaged.
    """
    if run.record.population is not None:
        return population_page(population_of(run))
    return report_page(content_of(run))


def population_of(run: SavedRun) -> PopulationContent:
    """What the report of a population tells; errors as of :func:`report_of`."""
    members, dataset = run.members(), run.dataset()
    beside = RunStore(run.folder.parent).entries()  # among them the runs that members became
    logits: dict[At, npt.NDArray[np.floating[Any]]] = {}
    try:
        became = runs_of(run.record, members, (one for one in beside if isinstance(one, RunRecord)))
        if run.file(MODEL) is not None:
            model = run.model()
            X = model.scaled(dataset.X)
            there = model.members[0].discriminators if isinstance(model, Ensemble) else {}
            logits = {at: model.score_scaled(X, at) for at in MOMENTS if at in there}
    except (ConfigError, DataError) as error:
        raise RunError(f"{run.id}: the population is damaged ({error}).") from None
    return PopulationContent(run.record, dataset, members, {one: record.id for one, record in became.items()}, logits)


def content_of(run: SavedRun) -> ReportContent:
    """What the report of a single run tells; errors as of :func:`report_of`."""
    record = run.record
    result = run.result()
    logits: dict[At, npt.NDArray[np.float32]] = {}
    voters: dict[At, tuple[DiscriminatorWeights, ...]] = {}
    if result is not None and result.logits_stop is not None:
        logits["stop"] = result.logits_stop
    if result is not None:
        logits["end"] = result.logits_end
        voters = {"stop": result.voters_stop, "end": result.voters_end}
    return ReportContent(
        title=record.title,
        dataset=run.dataset(),
        config=record.config,
        scaler=record.scaler,
        view=run.history()[0].view(),
        frames=run.frames(),
        logits=logits,
        numbers={name: record.summary.get(name) for name in (*NUMBERS, "auto")},
        state=record.state,
        epoch=int(record.summary.get("epochs") or 0),
        total_steps=record.total_steps,
        stop_step=record.stop_step,
        findings=_findings(run),
        versions=record.versions,
        device=record.device,
        message=record.message,
        run=run.id,
        name=record.name,
        tags=record.tags,
        note=record.note,
        created=record.created,
        voters=voters,
        parent=_parent(run),
        rankings=_rankings(run, logits),
    )


def _rankings(run: SavedRun, logits: Mapping[At, npt.NDArray[np.float32]]) -> dict[At, SeedRankings]:
    """What other seeds say of the rankings ``logits``, as far as somebody asked them."""
    found = {at: run.rankings(at) for at in logits}
    return {at: one for at, one in found.items() if one is not None}


def _parent(run: SavedRun) -> Parent | None:
    """The population that a run was a member of, as it is in the same folder of runs."""
    if run.record.parent is None:
        return None
    try:
        record = RunStore(run.folder.parent).get(run.record.parent).record
    except RunError:
        return Parent(run.record.parent)
    kind = "population" if record.population is None else record.population.kind
    return Parent(record.id, kind, record.name or record.title)


def _findings(run: SavedRun) -> list[Finding]:
    try:
        return [Finding.from_dict(one) for one in run.record.diagnosis]
    except (ValueError, TypeError) as error:
        raise RunError(f"{run.id}: the diagnosis in the record is damaged ({error}).") from None
