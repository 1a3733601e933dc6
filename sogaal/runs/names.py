"""Names of run folders: sortable, readable in TensorBoard, safe in every file system, and not to be guessed.

    20261124-231502-onecluster-so-gaal-3f9a0c1d2e4b

UTC time, table, algorithm, and twelve random hexadecimal digits: the token, also the id of the job that trains.
"""

import os
import re
import secrets
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from sogaal.errors import RunError

TOKEN_BYTES = 6
LAST = "last"
# So that a whole path stays within what Windows allows.
MOST_SLUG = 40
_TOKEN = re.compile(r"[0-9a-f]{12}")
_ID = re.compile(r"(\d{8}-\d{6})-([a-z0-9]+(?:-[a-z0-9]+)*)-((?:so|mo)-gaal)-([0-9a-f]{12})")
_LONGEST_ID = 15 + 1 + MOST_SLUG + 1 + 7 + 1 + 12


def default_root() -> Path:
    """Where runs are kept unless somebody says otherwise: ``SOGAAL_RUNS``, or ``runs`` in the current folder."""
    return Path(os.environ.get("SOGAAL_RUNS", "").strip() or "runs")


def new_token() -> str:
    """Twelve hexadecimal digits from the system's source of random numbers."""
    return secrets.token_hex(TOKEN_BYTES)


def run_id(created: datetime, dataset_name: str, algorithm: str, token: str) -> str:
    """The name of a run's folder; ``created`` with its time zone, ``token`` as :func:`new_token` makes it.

    Raises :class:`RunError` for parts that make no safe name.
    """
    if created.tzinfo is None:
        raise RunError(f"created must have a time zone, got {created}.")
    time = created.astimezone(UTC).strftime("%Y%m%d-%H%M%S")
    return checked_id(f"{time}-{slug(dataset_name)}-{algorithm}-{token}")


def slug(name: str) -> str:
    """A name in letters a to z, digits and single hyphens, at most :data:`MOST_SLUG`; "table" if none are left."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain)[: MOST_SLUG + 1].strip("-")[:MOST_SLUG].strip("-") or "table"


def is_id(name: str) -> bool:
    """Whether a folder of this name may be a run's."""
    return len(name) <= _LONGEST_ID and _ID.fullmatch(name) is not None and name.isascii()


def checked_id(name: str) -> str:
    """``name`` itself; raises :class:`RunError` for what is no id, so that no path can leave the folder of runs."""
    if not is_id(name):
        raise RunError(
            "the id of a run must be <time>-<dataset>-<so-gaal or mo-gaal>-<12 hexadecimal digits>, "
            f"got {name[:100]!r}."
        )
    return name


def checked_token(token: str) -> str:
    """``token`` itself; raises :class:`RunError` for what is none."""
    if not _TOKEN.fullmatch(token):
        raise RunError(f"the token of a run must be 12 hexadecimal digits, got {token[:100]!r}.")
    return token


def token_of(run_id: str) -> str:
    """The random part of an id; raises :class:`RunError` for what is no id."""
    return checked_id(run_id)[-2 * TOKEN_BYTES :]


def time_of(run_id: str) -> datetime | None:
    """When the run was created, to the second, in UTC; None for what is no id, or no time."""
    try:
        return datetime.strptime(checked_id(run_id)[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:  # RunError is one
        return None
