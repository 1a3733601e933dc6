"""Drift as a table."""

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from sogaal.drift import Drift


def drift_table(drift: Drift) -> pd.DataFrame:
    """A row for each feature, the most distant first: the fields of :class:`sogaal.drift.FeatureDrift`, verdict."""
    rows = [{**asdict(one), "verdict": one.verdict} for one in drift.features]
    return pd.DataFrame(rows).drop(columns="classes")


def drift_csv(drift: Drift) -> bytes:
    """:func:`drift_table` as UTF-8 CSV."""
    return drift_table(drift).to_csv(index=False).encode()


def drift_dict(drift: Drift | None) -> dict[str, Any] | None:
    """All of it as plain JSON values, with the classes of the index; None where it is not known."""
    if drift is None:
        return None
    return {**asdict(drift), "features": [{**asdict(one), "verdict": one.verdict} for one in drift.features]}


def drift_json(drift: Drift) -> bytes:
    """:func:`drift_dict` as JSON."""
    return (json.dumps(drift_dict(drift), indent=1) + "\n").encode()
