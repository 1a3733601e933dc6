"""Tables to choose from: which there are, what they are called in a list, and their small picture."""

from pages import _server
from pages._live_plotly import live_plotly
from pages._theme import dark
from sogaal import figures
from sogaal.data import Dataset, list_datasets


def table_keys() -> list[str]:
    """The shipped ones by name, then the uploads of this server."""
    return [*list_datasets(), *_server.upload_keys()]


def table_title(key: str) -> str:
    """Name, size and share of outliers."""
    dataset = _server.table(key)
    share = "no labels" if dataset.outlier_share is None else f"{100 * dataset.outlier_share:.2g} % outliers"
    return f"{dataset.name} · {dataset.n:,} × {dataset.d} · {share}".replace(",", "\u202f")


def table_picture(dataset: Dataset, key: str, height: int) -> None:
    """Draw the small picture of a table."""
    live_plotly(
        figures.thumbnail_spec(_server.thumbnail(dataset.fingerprint, dataset), dark=dark()),
        key=key,
        height=height,
        still=True,
        alt=f"Small picture of the table {dataset.name}",
    )
