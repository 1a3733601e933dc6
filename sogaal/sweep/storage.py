"""Where Optuna keeps the trials: an SQLite file in the folder of runs, or any other database.

The file is Optuna's own, so other tools that read it can look into a sweep, also while it is under way.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sogaal.errors import ConfigError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

FILE = "sweeps.db"
# A database that is being written makes others wait; after so long something is wrong.
BUSY_SECONDS = 60
# What stands before the colon of a password, in what is meant as an address.
_USER = r"^(?:[^:/@]*://|(?!.*://))[^:/@]*"


def default_storage(root: Path) -> str:
    """The address of the SQLite file in the folder of runs ``root``."""
    return f"sqlite:///{root / FILE}"


def without_password(url: str) -> str:
    """The address as it may be shown: *** for the password, and for what an option behind the ? calls one.

    A password that should have been percent-encoded may hold any sign: all up to the last @ counts as part of it.
    """
    hidden = re.sub(r"(?i)([?&][^=&]*pass[^=&]*=)[^&]*", r"\1***", url)
    return re.sub(rf"({_USER}):.*@", r"\1:***@", hidden, flags=re.DOTALL)


def reason_of(error: Exception, url: str) -> str:
    """What a database says, in one line; only what kind of error it is where its words hold some of the password."""
    said = getattr(error, "orig", None) or error
    words = " ".join(str(said).split())
    if any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", words) for part in _secrets(url)):
        words = f"{type(said).__name__}, whose words would show some of the password."
        if any(re.search("[@:/?#]", one) for one in _passwords(url)):
            words += " In a password @ : / ? # and % must be percent-encoded: @ as %40, / as %2F."
    return words[:300]


def _passwords(url: str) -> list[str]:
    return re.findall(rf"{_USER}:(.*)@", url, flags=re.DOTALL)


def _secrets(url: str) -> set[str]:
    """The password as it stands in the address, as it is meant, and parts into which a bad one may be cut."""
    found = _passwords(url) + re.findall(r"(?i)[?&][^=&]*pass[^=&]*=([^&]*)", url)
    parts = {part for one in found for part in (one, *re.split("[@:/?#]", one))}
    return {form for part in parts for form in (part, unquote(part)) if form}


def open_storage(url: str) -> "BaseStorage":
    """Optuna's storage at ``url``, as SQLAlchemy spells it; the tables are made where there are none.

    Raises :class:`ConfigError` for an address that is none or does not answer.
    """
    optuna = quiet_optuna()
    from sqlalchemy import event

    sqlite = url.startswith("sqlite")
    _check_folder(url)
    try:
        storage: Any = optuna.storages.RDBStorage(
            url, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else {}
        )
    except Exception as error:  # what a database's driver raises is its own affair
        raise ConfigError(
            "storage must be the address of a database that can be opened, such as sqlite:///sweeps.db, got "
            f"{without_password(url)!r}: {reason_of(error, url)}",
            field="storage",
        ) from None
    if sqlite:
        event.listen(storage.engine, "connect", _prepare)
        storage.engine.dispose()  # so that each connection from now on is a new one
    found: BaseStorage = storage
    return found


def quiet_optuna() -> Any:
    """Optuna, which is loaded here and nowhere earlier; it says nothing on standard error."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _check_folder(url: str) -> None:
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///").partition("?")[0]).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"storage must lie in a folder that can be made, got {without_password(url)!r}: "
                f"{error.strerror or error}.",
                field="storage",
            ) from None


def _prepare(connection: Any, _record: Any) -> None:
    """A log beside the file: readers do not wait for writers, and a commit need not wait for the disk. What a crash
    of the machine, not of the program, may cost are the last trials."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
