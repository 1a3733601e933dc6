"""What benchmarks/gaps.py measures: gaps lie where it says, and its rules cost what they must."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.parts.gap_rules import BOTH, RULES, Outcome, balanced, outcomes, regrets
from benchmarks.parts.gap_tables import CUTS, Table, gaps_of, prepared
from sogaal.data.gaps import FILL_BETTER

ROOT = Path(__file__).parents[1]
N, WIDTH = 4_000, 9


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.random((N, WIDTH)), columns=[f"x{i}" for i in range(WIDTH)])
    frame["town"] = rng.choice(["Ulm", "Bonn"], N)
    return Table("made", frame, (np.arange(N) < N // 4).astype(np.int8))


@pytest.mark.parametrize("cut", list(CUTS))
def test_gaps_lie_where_the_cut_says(table: Table, cut: str) -> None:
    gaps = gaps_of(table, cut, seed=1)
    columns = gaps.any(axis=0)
    assert columns.sum() == (1 if cut == "seldom filled in" else 3)
    outliers, inliers = (gaps[table.y == label][:, columns].mean() for label in (1, 0))
    share = {"nothing, 1 %": 0.01, "nothing, 5 %": 0.05, "nothing, 20 %": 0.2, "seldom filled in": 0.95,
             "something, 1 %": 0.01, "something, 5 %": 0.05}[cut]  # fmt: skip
    times = 5 if cut.startswith("something") else 1
    assert inliers == pytest.approx(share, rel=0.25)
    assert outliers == pytest.approx(times * share, rel=0.3)
    assert CUTS[cut].meaning is cut.startswith("something")
    assert (gaps_of(table, cut, seed=1) == gaps).all()
    assert (gaps_of(table, cut, seed=2) != gaps).any()


def test_shares_of_one_seed_lie_in_one_another(table: Table) -> None:
    few, some, many = (gaps_of(table, f"nothing, {share} %", seed=1) for share in (1, 5, 20))
    assert (few <= some).all()
    assert (some <= many).all()


def test_the_two_ways_differ_by_the_features_of_gaps_alone(table: Table) -> None:
    gaps = gaps_of(table, "nothing, 5 %", seed=1)
    marked, filled = prepared(table, gaps, "mark"), prepared(table, gaps, "fill")
    assert marked.y is None
    assert marked.n == N
    names = [f"{table.frame.columns[at]} missing" for at in np.flatnonzero(gaps.any(axis=0))]
    assert [name for name in marked.feature_names if name.endswith("missing")] == names
    kept = [at for at, name in enumerate(marked.feature_names) if name not in names]
    np.testing.assert_array_equal(filled.X, marked.X[:, kept])
    for name in names:
        at = list(table.frame.columns).index(name.removesuffix(" missing"))
        np.testing.assert_array_equal(marked.X[:, marked.feature_names.index(name)] > 0, gaps[:, at])


def outcome(table: str, mark: float, fill: float, **changes: object) -> Outcome:
    values = {"auc": {"mark": [mark] * 2, "fill": [fill] * 2, BOTH: [(mark + fill) / 2] * 2}, "gappy": [0.1] * 2,
              "top": [0.1] * 2, "told": [False] * 2, "meaning": mark > fill}  # fmt: skip
    return Outcome(table=table, **{**values, **changes})  # type: ignore[arg-type]


def test_regret_is_what_the_better_way_has_more() -> None:
    them = [
        outcome("a", 0.5, 0.9, told=[True, False], gappy=[0.05] * 2, top=[0.5, 0.1]),
        outcome("a", 0.8, 0.7, gappy=[0.5] * 2, top=[0.2] * 2),
        outcome("b", 0.6, 0.8, gappy=[0.05] * 2),
        outcome("b", 0.9, 0.6, gappy=[0.6] * 2, top=[0.5] * 2),
    ]
    found = {rule: regrets(them, rule) for rule in RULES}
    expected = {
        "always mark": [0.4, 0, 0.2, 0], "always fill": [0, 0.1, 0, 0.3], BOTH: [0.2, 0.05, 0.1, 0.15],
        "the library's words": [0.2, 0, 0.2, 0],  # told with one of two seeds
        "words on both sides": [0.2, 0.1, 0.2, 0],  # and the second's top has half as many gaps at most
        "share of rows": [0, 0, 0, 0],  # fewer than 25 % or 50 %: fill
    }  # fmt: skip
    for rule, regret in expected.items():
        np.testing.assert_allclose(found[rule], regret, atol=1e-9, err_msg=rule)
    assert balanced(found["always mark"], them) == pytest.approx(0.15)


def test_the_share_of_rows_is_chosen_on_other_tables() -> None:
    them = [
        outcome("a", 0.5, 0.9, gappy=[0.01] * 2),
        outcome("a", 0.9, 0.5, gappy=[0.6] * 2),
        outcome("b", 0.5, 0.9, gappy=[0.6] * 2),
        outcome("b", 0.9, 0.5, gappy=[0.01] * 2),
    ]
    np.testing.assert_allclose(regrets(them, "share of rows"), 0.4, atol=1e-9)


def test_what_people_are_told_was_measured() -> None:
    tables = json.loads((ROOT / "benchmarks" / "parts" / "gaps.json").read_text())["tables"]
    better: dict[bool, list[bool]] = {False: [], True: []}
    for one in (one for detector in tables["wine"]["without"] for one in outcomes(tables, detector)):
        pairs = zip(one.auc["fill"], one.auc["mark"], one.told, strict=True)
        better[one.meaning] += [filled > marked for filled, marked, told in pairs if told]
    assert tuple(round(100 * np.mean(better[meaning])) for meaning in (False, True)) == FILL_BETTER
