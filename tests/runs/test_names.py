from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sogaal.errors import RunError
from sogaal.runs.names import (
    checked_id,
    checked_token,
    default_root,
    is_id,
    new_token,
    run_id,
    slug,
    time_of,
    token_of,
)

TIME = datetime(2026, 11, 24, 23, 15, 2, 999_999, tzinfo=UTC)


def test_an_id_tells_time_table_and_algorithm() -> None:
    name = run_id(TIME, "onecluster", "mo-gaal", "0123456789ab")
    assert name == "20261124-231502-onecluster-mo-gaal-0123456789ab"
    assert token_of(name) == "0123456789ab"
    assert time_of(name) == TIME.replace(microsecond=0)


def test_the_time_is_utc_wherever_one_is() -> None:
    there = TIME.astimezone(timezone(timedelta(hours=-11)))
    assert run_id(there, "a", "so-gaal", "0" * 12) == run_id(TIME, "a", "so-gaal", "0" * 12)
    with pytest.raises(RunError, match="time zone"):
        run_id(TIME.replace(tzinfo=None), "a", "so-gaal", "0" * 12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Credit Cards (2023).csv", "credit-cards-2023-csv"),
        ("Größe", "grosse"),
        ("данные", "table"),
        ("", "table"),
        ("CON", "con"),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 39 + " b" * 100, "a" * 39),
        ("x" * 300, "x" * 40),
        ("a\0b\nc", "a-b-c"),
    ],
)
def test_a_table_of_any_name_makes_a_safe_one(name: str, expected: str) -> None:
    assert slug(name) == expected
    assert is_id(run_id(TIME, name, "so-gaal", new_token()))


def test_tokens_differ() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(checked_token(token) for token in tokens)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "last",
        "..",
        "../20261124-231502-a-so-gaal-0123456789ab",
        "/tmp/20261124-231502-a-so-gaal-0123456789ab",
        "20261124-231502-a/b-so-gaal-0123456789ab",
        "20261124-231502-a\\b-so-gaal-0123456789ab",
        "20261124-231502-A-so-gaal-0123456789ab",
        "20261124-231502-a-so-gaal-0123456789ab\n",
        "20261124-231502-a-so-gaal-0123456789aB",
        "20261124-231502--so-gaal-0123456789ab",
        "٢٠٢٦١١٢٤-231502-a-so-gaal-0123456789ab",
        "20261124-231502-" + "a" * 60 + "-so-gaal-0123456789ab",
    ],
)
def test_what_is_no_id_is_refused(name: str) -> None:
    assert not is_id(name)
    assert time_of(name) is None
    for check in (checked_id, token_of, checked_token):
        with pytest.raises(RunError, match="must be"):
            check(name)


def test_an_impossible_time_is_none() -> None:
    assert time_of("20261399-999999-a-so-gaal-0123456789ab") is None


def test_the_root_is_told_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGAAL_RUNS", "/somewhere/else")
    assert default_root() == Path("/somewhere/else")
    for value in ("", "  "):
        monkeypatch.setenv("SOGAAL_RUNS", value)
        assert default_root() == Path("runs")
