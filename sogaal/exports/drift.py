"""Drift as a table."""

import json
from dataclasses import asdict

import pandas as pd

from sogaal.drift import Drift


def drift_table(drift: Drift) -> pd.DataFrame:
    """A row for each feature, the most distant first: the fields of :class:`sogaal.drift.FeatureDrift`, verdict."""
    rows = [{**asdict(one), "verdict": one.verdict} for one in drift.features]
    return pd.DataFrame(rows).drop(columns="classes")


def drift_csv(drift: Drift) -> bytes:
    """:func:`drift_table` as UTF-8 CSV."""
    return drift_table(drift).to_csv(index=False).encode()


def drift_json(drift: Drift) -> bytes:
    """All of it as JSON, with the classes of the index."""
    features = [{**asdict(one), "verdict": one.verdict} for one in drift.features]
    return (json.dumps({**asdict(drift), "features": features}, indent=1) + "\n").encode()
