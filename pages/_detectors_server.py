"""Comparisons of detectors that this server made or is at: a reloaded page finds its own again."""

from collections import OrderedDict
from dataclasses import dataclass

import streamlit as st

from pages import _server
from sogaal import figures
from sogaal.data import Dataset
from sogaal.rivals import Comparison

# Each holds a number for each row and detector.
MOST_COMPARISONS = 8


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be compared."""

    dataset: Dataset
    names: tuple[str, ...]
    seeds: int

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others; rows are named by ids, which are no part of a fingerprint."""
        data = self.dataset
        return (data.name, data.fingerprint, data.id_name, self.names, self.seeds)


@st.cache_resource(show_spinner=False)
def _comparisons() -> "OrderedDict[tuple[object, ...], Comparison]":
    return OrderedDict()


def find(asked: Asked) -> Comparison | None:
    """The comparison of just this, if there is one."""
    return _comparisons().get(asked.key)


def begin(asked: Asked) -> Comparison:
    """Start it; the oldest is forgotten. Raises :class:`SogaalError`."""
    drawn = scene(asked.dataset)
    points = None if drawn is None else figures.map_points(drawn)
    comparison = Comparison(asked.dataset, asked.names, asked.seeds, points).start()
    comparisons = _comparisons()
    comparisons[asked.key] = comparison
    comparisons.move_to_end(asked.key)
    while len(comparisons) > MOST_COMPARISONS:
        comparisons.popitem(last=False)[1].cancel()
    return comparison


def scene(dataset: Dataset) -> figures.Scene | None:
    """The plane of a table of two features; others have no map."""
    return _server.scene(dataset.fingerprint, "minmax", (0, 1), dataset) if dataset.d == 2 else None
