"""``sogaal train --n_estimators N``: several trainings of one set-up whose mean logit ranks."""

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from sogaal.config import TrainConfig
from sogaal.data import Dataset, load_dataset
from sogaal.ensemble import Ensemble
from sogaal.errors import DivergedError, SogaalError
from sogaal.exports import save_model, scores_csv, scores_table, scores_with_columns, with_reasons
from sogaal.exports.models import model_bytes
from sogaal.files import write_atomic
from sogaal.members import member_outcomes
from sogaal.metrics import roc_auc
from sogaal.model import At, Model, scoring_moment
from sogaal.outcomes import RunOutcome
from sogaal.runs.folder import MODEL, SCORES
from sogaal.runs.groups import Group
from sogaal.runs.names import new_token
from sogaal.runs.plain import finite
from sogaal.runs.population_recorder import PopulationRecorder
from sogaal.runs.populations import Member, in_order, member_of, numbers_of
from sogaal.runs.store import RunStore
from sogaal.runs.summary import run_summary
from sogaal.runs.titles import run_title
from sogaal.scaling import Scaler
from sogaal.seeding import member_seeds
from sogaal.snapshots import JobState
from sogaal.trainer import Trainer

MOMENTS: tuple[tuple[At, str, str], ...] = (("stop", "auc_stop", "AUC at stop"), ("end", "auc_final", "AUC at end"))


@dataclass(eq=False)
class EnsembleTraining:
    """A table, its scaling and the configurations that learn from it; they differ in their seeds alone.

    ``store``: where the ensemble is recorded as its members end, None = nowhere. ``outcomes``: those that have ended.
    ``recorder``: None where nothing is saved.
    """

    dataset: Dataset
    scaler: Scaler
    configs: Sequence[TrainConfig]
    n_jobs: int
    store: RunStore | None
    outcomes: list[RunOutcome] = field(default_factory=list)
    recorder: PopulationRecorder | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def prepare(
        cls,
        source: str,
        config: TrainConfig,
        scaling: str,
        label: str | None,
        ids: str | None,
        max_bytes: int,
        store: RunStore | None,
        n_estimators: int,
        n_jobs: int,
        **reading: Any,
    ) -> Self:
        """Load the table; raises :class:`SogaalError` for what cannot be used. The first member has the seed given."""
        dataset = load_dataset(source, label_column=label, id_column=ids, max_bytes=max_bytes, **reading)
        scaler = Scaler.fit(dataset.X, scaling, dataset.feature_names)
        configs = [config.replace(seed=seed) for seed in member_seeds(config.seed, n_estimators)]
        found = cls(dataset, scaler, configs, n_jobs, store)
        Trainer(found._scaled, config, dataset.y)  # what does not fit the table is said before the long part
        return found

    @property
    def notes(self) -> list[str]:
        """What people should know about how the table was read and scaled."""
        return [*self.dataset.notes, *self.scaler.notes]

    # -- training ------------------------------------------------------------------------------------------------------

    def train(self, show: bool = False) -> None:
        """Train all members and leave a record; ``show``: a progress bar on standard error.

        Raises :class:`DivergedError` and :class:`SogaalError` for a member that came to no end, and KeyboardInterrupt
        after Ctrl-C; the record then has the members that had ended.
        """
        count = len(self.configs)
        self._begin_record()
        try:
            self._train_members(show)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            words = f"Ended by Ctrl-C after {len(self.outcomes)} of {count} members." if stopped else str(error)
            self._end_record(JobState.INTERRUPTED if stopped else JobState.FAILED, words)
            raise
        self._end_record(None)

    def _train_members(self, show: bool) -> None:
        """Train all, or up to the first that comes to no end, whose error is raised."""
        count = len(self.configs)
        with (
            closing(member_outcomes(self._scaled, self.configs, self.dataset.y, self.n_jobs)) as members,
            tqdm(total=count, unit="member", disable=not show, file=sys.stderr, dynamic_ncols=True) as bar,
        ):
            for outcome in members:
                self.outcomes.append(outcome)
                if self.recorder is not None:
                    self.recorder.put(outcome)
                bar.update()
                if not outcome.ok:
                    break
        bad = next((outcome for outcome in self.outcomes if not outcome.ok), None)
        if bad is None:
            return
        message = f"Member {bad.index + 1} of {count} (seed {bad.config.seed}): {bad.diverged or bad.failed}"
        if bad.diverged is not None:
            raise DivergedError(message, int((bad.summary or {}).get("steps") or 0), "")
        raise SogaalError(message)

    # -- its record ----------------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str | None:
        """The id of the record, None where there is none."""
        return None if self.recorder is None else self.recorder.record or None

    @property
    def problem(self) -> str:
        """Why it could not be saved, else empty."""
        problem = "" if self.recorder is None else self.recorder.problem
        return f"The ensemble is not saved: {problem}" if problem else ""

    def _begin_record(self) -> None:
        if self.store is not None:
            title = self._title()
            group = Group(self.dataset, self.configs[0], self.scaler, self.configs, "ensemble", title)
            self.recorder = PopulationRecorder(self.store, group, self.created, new_token())

    def _end_record(self, state: JobState | None, message: str = "") -> None:
        """Have the record end, with the model where there is one (``state`` None); what fails costs no result."""
        if self.recorder is None:
            return
        if state is not None:
            self.recorder.finish(state, message)
            return
        files = {MODEL: model_bytes(self.model), SCORES: self._scores()}
        self.recorder.finish(None, numbers={**self.aucs, "auc_best": None}, files=files)

    @cached_property
    def _scaled(self) -> Any:
        return self.scaler.transform(self.dataset.X)

    @cached_property
    def model(self) -> Ensemble:
        """The members that score together; once all have ended."""
        members = []
        for outcome in sorted(self.outcomes, key=lambda one: one.index):
            weights = {"stop": outcome.weights_stop, "end": outcome.weights_end}
            there: Any = {at: found for at, found in weights.items() if found is not None}
            at = scoring_moment(outcome.config, there)
            names, data = self.dataset.feature_names, self.dataset
            members.append(
                Model(
                    outcome.config, self.scaler, there, at, names, data.name, data.fingerprint,
                    preparation=data.preparation, id_name=data.id_name or "",
                )
            )  # fmt: skip
        return Ensemble(tuple(members)).with_reference(self.dataset.X)

    @cached_property
    def logits(self) -> Any:
        """The members' mean logit of each row of the table, (n,)."""
        return self.model.score_scaled(self._scaled)

    @cached_property
    def aucs(self) -> dict[str, float | None]:
        """AUC of the members' mean logit when G stopped and at the end, as far as there is one."""
        y, there = self.dataset.y, self.model.members[0].discriminators
        found: dict[str, float | None] = {name: None for _, name, _ in MOMENTS}
        for at, name, _ in MOMENTS:
            if y is not None and at in there:
                found[name] = float(roc_auc(self.model.score_scaled(self._scaled, at), y))
        return found

    def _title(self) -> str:
        """The title of a single training, with what it is one of after the table."""
        alone = run_title(self.dataset, self.configs[0]).removeprefix(self.dataset.name)
        return f"{self.dataset.name} · ensemble of {len(self.configs)}{alone}"

    # -- files and words -----------------------------------------------------------------------------------------------

    def write(
        self, model: str | None, scores: str | None, share: float, explain: bool = False, with_columns: bool = False
    ) -> list[str]:
        """Write the files that were asked for; returns their paths. ``explain``, ``with_columns``: as of
        :meth:`sogaal.cli.training.Training.write`."""
        if model:
            save_model(model, self.model)
        if scores:
            write_atomic(scores, self._scores(share, explain, with_columns))
        return [path for path in (model, scores) if path]

    def _scores(self, share: float = 0.05, explain: bool = False, with_columns: bool = False) -> bytes:
        data = self.dataset
        table = scores_table(data.ids, data.y, self.logits, share)
        if explain:
            table = with_reasons(table, self._reasons)
        return scores_with_columns(table, data.values) if with_columns else scores_csv(table)

    def _reasons(self, rows: npt.NDArray[np.int64]) -> list[str]:
        return self.model.explain(self.dataset.X[rows], words=self.dataset.wording(rows)[1]).reason_texts()

    def json(self) -> str:
        """All that is known at the end as one JSON object: the keys of a single training, and the members."""
        members = self._members()
        numbers = numbers_of(members) | self.aucs | {"auc_best": None}
        summary = run_summary(self.dataset, self.configs[0], self.scaler, 0, numbers, run=self.run_id)
        told = [{**member.values, **member.numbers} for member in members]
        return json.dumps(finite(summary | {"n_estimators": len(members), "members": told}), allow_nan=False)

    def _members(self) -> tuple[Member, ...]:
        return in_order(member_of(outcome, ("seed",)) for outcome in self.outcomes)

    def table(self, written: list[str]) -> str:
        """All that people want to know at the end, a line each."""
        data, config = self.dataset, self.configs[0]
        numbers = numbers_of(self._members())
        labels = "no labels" if data.y is None else f"{data.n_outliers:,} outliers ({data.outlier_share:.1%})"
        setting = {"stop_epochs": config.stop_epochs} | config.changed_from(TrainConfig())
        rows = {
            "table": f"{data.name}: {data.n:,} rows, {data.d:,} features, {labels}",
            "setting": ", ".join(f"{name} {value}" for name, value in setting.items()),
            "training": f"{len(self.outcomes)} members, {numbers['steps']:,} steps, {numbers['seconds']:.1f} s in all",
            "scores": f"mean logit of the members' D at the {self.model.at}",
        }
        for _, name, words in MOMENTS:
            if self.aucs[name] is not None:
                rows[words] = f"{self.aucs[name]:.4f} ({self._spread(name)})"
        rows |= {} if self.run_id is None else {"run": self.run_id}
        rows |= {"written": ", ".join(written)} if written else {}
        return "\n".join(f"{name:<16}{value}" for name, value in rows.items())

    def _spread(self, name: str) -> str:
        values = [one.summary[name] for one in self.outcomes if one.summary and one.summary[name] is not None]
        return f"members {min(values):.4f} to {max(values):.4f}, {np.mean(values):.4f} ± {np.std(values):.4f}"
