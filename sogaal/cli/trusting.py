"""``sogaal train --trust``: more seeds say how much of the first one's ranking is repeatable, and it is kept."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sogaal.config import TrainConfig
from sogaal.errors import DataError, RunError, SogaalError
from sogaal.model import At
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from sogaal.trust import SEEDS, Trust, unit_of

if TYPE_CHECKING:  # what was said before is shown without torch
    from sogaal.cli.training import Training

# Seconds between two looks at the progress.
BEAT = 0.2
MOST_NAMED = 12


def ask_seeds(training: "Training", share: float, store: RunStore | None, show: bool = False) -> Trust:
    """Train the other seeds, compare, and keep what they say with the run; the top is what ``share`` flags.

    ``show``: a progress bar. Raises :class:`SogaalError` where no other seed came to its end.
    """
    from tqdm import tqdm

    from sogaal.seed_check import SeedCheck

    model, logits = training.model, training.logits
    at: At = "stop" if model.at == "stop" else "end"  # where seeds choose the stop, the end is what all of them say
    check = SeedCheck(training.dataset, training.trainer.config, training.scaler.method, logits, at).start()
    try:
        with tqdm(total=SEEDS, unit="seed", disable=not show, file=sys.stderr, dynamic_ncols=True) as bar:
            while not check.wait(BEAT):
                bar.update(check.done - bar.n)
            bar.update(check.done - bar.n)
    except KeyboardInterrupt:
        check.cancel()
        raise
    if check.state == JobState.FAILED:
        raise SogaalError(f"--trust: {check.message}")
    for words in check.failed:
        print(f"note: --trust goes without {words}", file=sys.stderr)
    trust = check.found.flagged(share)
    if store is not None and training.run_id is not None:
        try:
            store.keep_rankings(training.run_id, at, replace(check.found, top=trust.top))
        except (RunError, DataError) as error:
            print(f"note: what --trust found is not kept with the run: {error}", file=sys.stderr)
    return trust


def trust_values(trust: Trust, ids: npt.NDArray[Any] | None) -> dict[str, Any]:
    """All of it as plain JSON values, the most abnormal row first; rows by their ``ids`` (n,), null where unknown."""
    rows = [
        {"id": _plain(ids, row), "rank": place, "seeds": int(count), "median_rank": float(median)}
        for place, (row, count, median) in enumerate(
            zip(trust.rows, trust.counts, trust.median_ranks, strict=True), start=1
        )
    ]
    return {
        "seeds": list(trust.seeds),
        "top": trust.top,
        "overlap": trust.overlap,
        "chance": trust.chance,
        "rank_correlation": trust.correlation,
        "rows": rows,
        "one_seed": [_plain(ids, row) for row in trust.one_seed],
        "missed": [_plain(ids, row) for row in trust.missed],
    }


def _plain(ids: npt.NDArray[Any] | None, row: int) -> Any:
    value = None if ids is None else ids[row]
    return value.item() if isinstance(value, np.generic) else value


def trust_rows(trust: Trust, ids: npt.NDArray[Any] | None, config: TrainConfig) -> dict[str, str]:
    """What a table says of it, a line each; ``ids`` (n,): of the rows, None: they are counted, not named."""
    unit, top = unit_of(config), f"top {trust.top:,}"
    of = f" of {config.auto_seeds} seeds" if unit == "group" else ""
    found = {
        "trust": f"{trust.verdict[0].lower()}{trust.verdict[1:]}: {trust.overlap:.0%} of the {top} in common, mean "
        f"over pairs of {len(trust.seeds)} {unit}s{of} (by chance {trust.chance:.0%}); rank correlation "
        f"{trust.correlation:.2f}; no label used",
        f"one {unit} alone": _named(ids, trust.one_seed) or f"no row of the {top}",
    }
    missed = _named(ids, trust.missed)
    return found | ({"missing": f"{missed}: in the {top} of most {unit}s"} if missed else {})


def _named(ids: npt.NDArray[Any] | None, rows: Any) -> str:
    if ids is None:
        return f"{len(rows):,} rows" if len(rows) else ""
    named = ", ".join(str(ids[row]) for row in rows[:MOST_NAMED])
    return named + (f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else "")
