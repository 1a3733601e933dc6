"""`Model`: scoring without the trainer."""

import numpy as np
import pandas as pd
import pytest

from sogaal import load_dataset
from sogaal.config import make_config
from sogaal.errors import ConfigError, DataError, DeviationWarning
from sogaal.metrics import outlier_score
from sogaal.model import Model
from sogaal.scaling import Scaler
from sogaal.trainer import Trainer

DATA = load_dataset("wine")


def trained(stop_epochs: int = 3, score_at: str = "stop", **values: object) -> tuple[Trainer, Model]:
    scaler = Scaler.fit(DATA.X, "minmax", DATA.feature_names)
    config = make_config(stop_epochs=stop_epochs, score_at=score_at, **values)
    trainer = Trainer(scaler.transform(DATA.X), config).fit()
    return trainer, Model.from_trainer(trainer, scaler, DATA)


@pytest.fixture(scope="module")
def run() -> tuple[Trainer, Model]:
    return trained()


def test_scores_are_the_trainers(run: tuple[Trainer, Model]) -> None:
    trainer, model = run
    assert model.at == "stop"
    for at in ("stop", "end"):
        logits = model.score_samples(DATA.X, at)
        assert logits.dtype == np.float64
        np.testing.assert_allclose(logits, trainer.scores(at=at), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.score_samples(DATA.X), model.score_samples(DATA.X, "stop"))
    np.testing.assert_array_equal(model.outlier_score(DATA.X), outlier_score(model.score_samples(DATA.X)))


def test_what_is_known_of_the_training_is_kept(run: tuple[Trainer, Model]) -> None:
    _, model = run
    assert model.feature_names == DATA.feature_names
    assert (model.dataset, model.fingerprint, model.d) == ("wine", DATA.fingerprint, 13)


def test_rows_alone_score_as_rows_together(run: tuple[Trainer, Model], monkeypatch: pytest.MonkeyPatch) -> None:
    _, model = run
    together = model.score_samples(DATA.X)
    alone = np.concatenate([model.score_samples(DATA.X[i : i + 1]) for i in range(DATA.n)])
    np.testing.assert_allclose(alone, together, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr("sogaal.voting.BLOCK_FLOATS", 50)  # a few rows at a time
    np.testing.assert_allclose(model.score_samples(DATA.X), together, rtol=1e-12, atol=1e-12)


def test_no_rows(run: tuple[Trainer, Model]) -> None:
    assert run[1].score_samples(DATA.X[:0]).shape == (0,)


def test_columns_of_a_frame_are_found_by_name(run: tuple[Trainer, Model]) -> None:
    _, model = run
    frame = pd.DataFrame(DATA.X, columns=DATA.feature_names).assign(more=1.0)[::-1]
    frame = frame[sorted(frame.columns)]
    np.testing.assert_allclose(model.score_samples(frame), model.score_samples(DATA.X[::-1]), rtol=1e-12)
    fewer = frame.drop(columns=["alcohol", "hue"])
    medians = {name: np.median(DATA.X[:, DATA.feature_names.index(name)]) for name in ("alcohol", "hue")}
    with pytest.warns(
        DeviationWarning, match="'alcohol' is not in the table: the median 12.64 was used in all 129 rows"
    ):
        filled = model.score_samples(fewer)
    np.testing.assert_allclose(filled, model.score_samples(fewer.assign(**medians)), rtol=1e-5)
    with pytest.raises(DataError, match="lacks all of them: 'alcohol'"):
        model.score_samples(pd.DataFrame({"other": [1.0]}))


def test_another_number_of_columns_is_refused(run: tuple[Trainer, Model]) -> None:
    with pytest.raises(DataError, match="13 columns .* got 12 columns"):
        run[1].score_samples(DATA.X[:, 1:])


def test_before_the_stop_there_is_only_the_end() -> None:
    _, model = trained(stop_epochs=50, max_epochs=2)
    assert model.at == "end"
    with pytest.raises(ConfigError, match="at must be 'end' for this model, got 'stop'"):
        model.score_samples(DATA.X, "stop")


def test_score_at_end() -> None:
    trainer, model = trained(score_at="end")
    assert model.at == "end"
    np.testing.assert_allclose(model.score_samples(DATA.X), trainer.scores(at="end"), rtol=1e-5, atol=1e-6)
