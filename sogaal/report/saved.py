"""The report of a saved run."""

import numpy as np
import numpy.typing as npt

from sogaal.diagnosis import Finding
from sogaal.errors import RunError
from sogaal.model import At
from sogaal.report.content import ReportContent
from sogaal.report.page import report_page
from sogaal.runs.saved import SavedRun
from sogaal.runs.summary import NUMBERS


def report_of(run: SavedRun) -> bytes:
    """The report of a run as it lies in its folder; one that goes on, failed or broke off has what there is of it.

    Raises :class:`RunError` for a population, and where the table is gone or a file is damaged.
    """
    return report_page(content_of(run))


def content_of(run: SavedRun) -> ReportContent:
    """What the report tells; errors as of :func:`report_of`."""
    record = run.record
    if record.population is not None:
        raise RunError(f"{run.id}: a report is of a single run, and this is a population of {record.population.count}.")
    result = run.result()
    logits: dict[At, npt.NDArray[np.float32]] = {}
    if result is not None and result.logits_stop is not None:
        logits["stop"] = result.logits_stop
    if result is not None:
        logits["end"] = result.logits_end
    return ReportContent(
        title=record.title,
        dataset=run.dataset(),
        config=record.config,
        scaler=record.scaler,
        view=run.history()[0].view(),
        frames=run.frames(),
        logits=logits,
        numbers={name: record.summary.get(name) for name in NUMBERS},
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
    )


def _findings(run: SavedRun) -> list[Finding]:
    try:
        return [Finding.from_dict(one) for one in run.record.diagnosis]
    except (ValueError, TypeError) as error:
        raise RunError(f"{run.id}: the diagnosis in the record is damaged ({error}).") from None
