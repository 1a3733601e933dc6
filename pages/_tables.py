"""Tables to choose from: which there are, what they are called in a list, and their small picture."""

from collections.abc import Iterable

from pages import _server
from pages._live_plotly import live_plotly
from pages._theme import dark
from sogaal import figures
from sogaal.data import Dataset, list_datasets

# Columns that a title names.
MOST_NAMED = 3


def table_keys() -> list[str]:
    """The shipped ones by name, then the uploads of this server."""
    return [*list_datasets(), *_server.upload_keys()]


def table_title(key: str) -> str:
    """Name, size and share of outliers; and what tells the table from others of its name, where there are any."""
    dataset = _server.table(key)
    share = "no labels" if dataset.outlier_share is None else f"{100 * dataset.outlier_share:.2g} % outliers"
    size = f"{dataset.n:,} × {dataset.d}".replace(",", "\u202f")
    return " · ".join([_name(key), size, share])


def table_size(key: str) -> str:
    """Name and size; and what tells the table from others of its name."""
    dataset = _server.table(key)
    return f"{_name(key)} · {dataset.n:,} × {dataset.d}"


def _name(key: str) -> str:
    # What tells tables of one name apart stands beside it: the end is cut off in a narrow list.
    dataset = _server.table(key)
    # A shipped table's key is its name, so that only uploads need be looked at beside the one of that name.
    keys = [*(name for name in list_datasets() if name == dataset.name), *_server.upload_keys()]
    alike = [one for other in keys if other != key and (one := _server.table(other)).name == dataset.name]
    return f"{dataset.name} · {apart(dataset, alike)}" if alike else dataset.name


def apart(dataset: Dataset, others: Iterable[Dataset]) -> str:
    """What tells a table from others of the same name: "without kind", "all 9 columns", "no labels", its fingerprint.

    Columns are those of the raw table that are used.
    """
    columns, rest = _columns(dataset), [(other, _columns(other)) for other in others]
    lacking = [name for name in dict.fromkeys(name for _, names in rest for name in names) if name not in columns]
    if lacking:
        return f"without {', '.join(lacking[:MOST_NAMED])}" + (", …" if len(lacking) > MOST_NAMED else "")
    alike = [other for other, names in rest if set(names) == set(columns)]
    if not alike:
        return f"all {len(columns)} columns"
    if all((other.y is None) != (dataset.y is None) for other in alike):
        return "no labels" if dataset.y is None else "with labels"
    if all(other.n != dataset.n for other in alike):
        return f"{dataset.n:,} rows"
    return f"contents {dataset.fingerprint[:6]}"


def _columns(dataset: Dataset) -> tuple[str, ...]:
    return dataset.feature_names if dataset.preparation is None else dataset.preparation.names


def table_picture(dataset: Dataset, key: str, height: int) -> None:
    """Draw the small picture of a table."""
    live_plotly(
        figures.thumbnail_spec(_server.thumbnail(dataset.fingerprint, dataset), dark=dark()),
        key=key,
        height=height,
        still=True,
        alt=f"Small picture of the table {dataset.name}",
    )
