"""The work of ``sogaal sweep``, and what is told of it."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from sogaal.cli.parsing import UsageError
from sogaal.cli.tables import Column, room, table
from sogaal.cli.training import asked_to_end
from sogaal.config import TrainConfig
from sogaal.data import list_datasets, load_dataset
from sogaal.errors import ConfigError
from sogaal.labelfree.choosing import against_auto_words
from sogaal.pool import RunPool
from sogaal.runs.names import token_of
from sogaal.runs.plain import finite
from sogaal.runs.store import RunStore
from sogaal.snapshots import JobState
from sogaal.sweep import (
    Budget,
    Sweep,
    Trial,
    TrialState,
    Untuned,
    comparable,
    default_objective,
    dimension_of,
    make_spec,
    objective_of,
    untuned_words,
)
from sogaal.sweep.cluster import cluster_pool
from sogaal.sweep.storage import default_storage, without_password
from sogaal.sweep.trials import plain_runs

# Seconds between two looks at the progress, and at whether Ctrl-C was pressed.
BEAT = 0.1
# Parameters of a sweep that have a flag of their own.
SWEEP_FLAGS = ("objective", "method", "seeds", "sampler_seed", "prune", "scaling", "trials", "seconds", "storage")


@dataclass(frozen=True)
class Request:
    """What the flags say of a new sweep, as they say it; ``objective``: None = what suits a table with labels, or
    without; ``seeds``: None = as few as the objective needs; ``reading``: as of `load_dataset`."""

    source: str
    base: TrainConfig
    label: str | None
    ids: str | None
    reading: Mapping[str, Any]
    max_bytes: int
    scaling: str
    vary: tuple[str, ...]
    objective: str | None
    method: str
    seeds: int | None
    sampler_seed: int
    prune: bool


@contextmanager
def pool_of(workers: int | None, dask: str | None) -> Iterator[RunPool]:
    """The workers: processes of this machine, or of a Dask cluster."""
    if dask is not None:
        with cluster_pool(dask) as pool:
            yield pool
        return
    with RunPool(workers) as pool:
        pool.warm_up()  # they start while the table is read
        yield pool


def begin_sweep(request: Request, budget: Budget, store: RunStore, pool: RunPool, storage: str | None) -> Sweep:
    """Load the table and make the sweep; raises :class:`SogaalError` for what cannot be used."""
    with _said_of_vary():
        space = [dimension_of(text) for text in request.vary]
    given = None if request.objective is None else objective_of(request.objective)
    dataset = load_dataset(
        request.source,
        label_column=request.label,
        id_column=request.ids,
        max_bytes=request.max_bytes,
        **request.reading,
    )
    objective = given or default_objective(dataset.y)
    with _said_of_vary():
        spec = make_spec(
            dataset,
            request.base,
            space,
            objective.name,
            scaling=request.scaling,
            method=request.method,
            seeds=objective.least_seeds if request.seeds is None else request.seeds,
            sampler_seed=request.sampler_seed,
            prune=request.prune,
        )
    return Sweep.begin(dataset, spec, budget, store, pool, storage)


@contextmanager
def _said_of_vary() -> Iterator[None]:
    """A field whose range is at fault is named as what varies: a flag of that name is something else."""
    try:
        yield
    except ConfigError as error:
        if error.field in ("vary", *SWEEP_FLAGS):
            raise
        raise UsageError(f"--vary: {error}") from None


def finish_sweep(sweep: Sweep, pool: RunPool, *, top: int, as_json: bool, show: bool) -> int:
    """Have the sweep done to its end and tell of it; returns the exit status.

    Raises KeyboardInterrupt after Ctrl-C, having said how to go on.
    """
    sweep.start()
    interrupted = False
    with (
        asked_to_end() as asked,
        tqdm(
            total=sweep.snapshot().total, initial=sweep.done, unit="trial",
            disable=not show, file=sys.stderr, dynamic_ncols=True,
        ) as bar,
    ):  # fmt: skip
        while not sweep.wait(BEAT):
            if asked() and not interrupted:
                interrupted = True
                sweep.stop()
            bar.update(sweep.done - bar.n)
            if show:
                bar.set_postfix_str(_best_so_far(sweep), refresh=False)
        bar.update(sweep.done - bar.n)
    if sweep.problem:
        print(f"note: the sweep is not saved: {sweep.problem}", file=sys.stderr)
    if interrupted and sweep.snapshot().state == JobState.STOPPED:
        left = f"{sweep.done:,} trials are saved" if sweep.record else "no trial had come to its end"
        print(f"\nStopped: {left}.{_how_to_go_on(sweep)}", file=sys.stderr)
        raise KeyboardInterrupt
    snapshot = sweep.snapshot()
    untuned = None if snapshot.best is None else _untuned(sweep, pool, show)
    print(sweep_json(sweep, untuned) if as_json else sweep_table(sweep, top, untuned))
    if snapshot.state == JobState.FAILED:
        print(f"sogaal sweep: {snapshot.message}{_how_to_go_on(sweep)}", file=sys.stderr)
    return 0 if snapshot.state == JobState.COMPLETED and snapshot.best is not None else 1


def _untuned(sweep: Sweep, pool: RunPool, show: bool) -> float | None:
    """What the preset auto has on the same measure; None where that cannot be said, or Ctrl-C was pressed."""
    if not comparable(sweep.spec):
        return None
    if show:
        print("The preset auto is trained to compare with.", file=sys.stderr)
    untuned = Untuned(sweep.dataset, sweep.spec, pool).start()
    with asked_to_end() as asked:
        while not untuned.wait(BEAT):
            if asked():
                untuned.cancel()
    if untuned.message:
        print(f"note: there is no preset auto to compare with: {untuned.message}", file=sys.stderr)
    return untuned.value


def _how_to_go_on(sweep: Sweep) -> str:
    if not sweep.record:
        return ""
    elsewhere = "" if sweep.storage is None else f" --storage {shlex.quote(without_password(sweep.storage))}"
    return f" Go on: sogaal sweep --resume {token_of(sweep.id)}{elsewhere}"


def _best_so_far(sweep: Sweep) -> str:
    best = sweep.snapshot().best
    objective = sweep.spec.objective
    return "" if best is None else f"best {objective.title} {best.value:.4f}, {objective.chosen}"


# -- what is told ------------------------------------------------------------------------------------------------------


def sweep_table(sweep: Sweep, top: int, untuned: float | None = None) -> str:
    """All that people want to know at the end, a line each, and the best trials.

    ``untuned``: what the preset auto has on the same measure.
    """
    spec, snapshot, data = sweep.spec, sweep.snapshot(), sweep.dataset
    objective = spec.objective
    labels = "no labels" if data.y is None else f"{data.n_outliers:,} outliers ({data.outlier_share:.1%})"
    seeds = "1 seed" if spec.seeds == 1 else f"{spec.seeds} seeds"
    parts = [f"{count} {what}" for count, what in ((snapshot.pruned, "pruned"), (snapshot.failed, "failed")) if count]
    spoiled = f" ({', '.join(parts)})" if parts else ""
    rows = {
        "table": f"{data.name}: {data.n:,} rows, {data.d:,} features, {labels}",
        "search": f"{spec.method}, {', '.join(one.text() for one in spec.space)}; {seeds} a trial",
        "trials": f"{snapshot.done:,}{spoiled}, {snapshot.seconds:.1f} s",
    }
    best = snapshot.best
    if best is None or best.value is None:
        first = next((one.message for one in sweep.trials() if one.message), "")
        rows["best"] = "no trial came to its end" + (f"; the first: {first}" if first else "")
    else:
        rows["best"] = f"{objective.title} {best.value:.4f} in trial {best.number}, {objective.chosen}"
        if not objective.labels:
            rows["how to read it"] = f"{objective.reads} {against_auto_words(objective.name)}"
        if untuned is not None:
            rows["untuned"] = untuned_words(spec, best.value, untuned)
        rows["its first run"] = _command(sweep, best)
    rows |= {"run": sweep.record} if sweep.record else {}
    told = [f"{name:<16}{value}" for name, value in rows.items()]
    return "\n".join([*told, *(["", *_trials_table(sweep, top)] if best is not None and top else [])])


def _command(sweep: Sweep, trial: Trial) -> str:
    """What trains a trial's first seed again, exactly."""
    spec = sweep.spec
    config = spec.config(trial.params, spec.base.seed)
    flags = [
        f"--{name} {'none' if value is None else value}" for name, value in config.changed_from(TrainConfig()).items()
    ]
    flags += [f"--scaling {spec.scaling}"] if spec.scaling != "minmax" else []
    name = sweep.dataset.name
    return " ".join(["sogaal train", name if name in list_datasets() else "FILE", *flags])


def _trials_table(sweep: Sweep, top: int) -> list[str]:
    objective, trials = sweep.spec.objective, sweep.best(top)
    columns = [
        Column("trial", [str(one.number) for one in trials], right=True),
        Column(objective.title, [_number(one.value) for one in trials], right=True),
        *(Column(name, [_shown(one.params[name]) for one in trials], right=True) for name in sweep.spec.fields),
        Column("AUC stop", [_number(one.mean("auc_stop")) for one in trials], right=True, give=2),
        Column("AUC end", [_number(one.mean("auc_final")) for one in trials], right=True, give=1),
    ]
    return table(columns, room())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)


def sweep_json(sweep: Sweep, untuned: float | None = None) -> str:
    """All that is known at the end as one JSON object; ``untuned``: the preset auto's value of the same measure."""
    spec, snapshot = sweep.spec, sweep.snapshot()
    best = snapshot.best
    found = {
        "run": sweep.record or None,
        "state": snapshot.state.value,
        "dataset": sweep.dataset.name,
        "fingerprint": sweep.dataset.fingerprint,
        "storage": without_password(sweep.storage or default_storage(sweep.store.root)),
        **spec.to_dict(),
        "chosen_with_labels": spec.objective.labels,
        "seconds": snapshot.seconds,
        "best": None if best is None else _plain(best) | {"config": _best_config(sweep, best)},
        "untuned_auto": untuned,
        "trials": [_plain(one) for one in sweep.trials()],
    }
    return json.dumps(finite(found), allow_nan=False)


def _best_config(sweep: Sweep, best: Trial) -> dict[str, Any]:
    return sweep.spec.config(best.params, sweep.spec.base.seed).model_dump()


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state.value,
        "value": trial.value if trial.state != TrialState.PRUNED else None,
        "params": dict(trial.params),
        "message": trial.message,
        "runs": plain_runs(trial.runs),
    }
