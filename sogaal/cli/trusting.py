"""``sogaal train --trust``: seven more seeds say how much of the first one's ranking is repeatable."""

import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from sogaal.cli.training import Training
from sogaal.config import TrainConfig
from sogaal.data import Dataset
from sogaal.errors import SogaalError
from sogaal.metrics import flag
from sogaal.model import At
from sogaal.snapshots import JobState
from sogaal.trust import SEEDS, SeedCheck, Trust, unit_of

# Seconds between two looks at the progress.
BEAT = 0.2
MOST_NAMED = 12


def ask_seeds(training: Training, share: float, show: bool = False) -> Trust:
    """Train the other seeds and compare; the top is what ``share`` flags. ``show``: a progress bar.

    Raises :class:`SogaalError` where no other seed came to its end.
    """
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
    return check.trust(int(flag(logits, share).sum()))


def trust_values(trust: Trust, dataset: Dataset) -> dict[str, Any]:
    """All of it as plain JSON values; rows by their ids, the most abnormal first."""
    ids = dataset.ids
    rows = [
        {"id": _plain(ids[row]), "rank": place, "seeds": int(count), "median_rank": float(median)}
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
        "one_seed": [_plain(ids[row]) for row in trust.one_seed],
        "missed": [_plain(ids[row]) for row in trust.missed],
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def trust_rows(trust: Trust, dataset: Dataset, config: TrainConfig) -> dict[str, str]:
    """What the table at the end says of it."""
    unit, top = unit_of(config), f"top {trust.top:,}"
    of = f" of {config.auto_seeds} seeds" if unit == "group" else ""
    found = {
        "trust": f"{trust.verdict[0].lower()}{trust.verdict[1:]}: {trust.overlap:.0%} of the {top} in common, mean "
        f"over pairs of {len(trust.seeds)} {unit}s{of} (by chance {trust.chance:.0%}); rank correlation "
        f"{trust.correlation:.2f}; no label used",
        f"one {unit} alone": _named(dataset, trust.one_seed) or f"no row of the {top}",
    }
    missed = _named(dataset, trust.missed)
    return found | ({"missing": f"{missed}: in the {top} of most {unit}s"} if missed else {})


def _named(dataset: Dataset, rows: Any) -> str:
    named = ", ".join(str(dataset.ids[row]) for row in rows[:MOST_NAMED])
    return named + (f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else "")
