"""Where Optuna keeps the trials: an SQLite file in the folder of runs, or any other database.

The file is Optuna's own, so other tools that read it can look into a sweep, also while it is under way.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sogaal.errors import ConfigError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

FILE = "sweeps.db"
# A database that is being written makes others wait; after so long something is wrong.
BUSY_SECONDS = 60


def default_storage(root: Path) -> str:
    """The address of the SQLite file in the folder of runs ``root``."""
    return f"sqlite:///{root / FILE}"


def without_password(url: str) -> str:
    """The address as it may be shown."""
    return re.sub(r"(?<=://)([^/@]*?):[^/@]*@", r"\1:***@", url)


def reason_of(error: Exception) -> str:
    """What a database says, in one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:300]


def open_storage(url: str) -> "BaseStorage":
    """Optuna's storage at ``url``, as SQLAlchemy spells it; the tables are made where there are none.

    Raises :class:`ConfigError` for an address that is none or does not answer.
    """
    optuna = quiet_optuna()
    from sqlalchemy import event
    from sqlalchemy.exc import SQLAlchemyError

    sqlite = url.startswith("sqlite")
    _check_folder(url)
    try:
        storage: Any = optuna.storages.RDBStorage(
            url, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else {}
        )
    except (SQLAlchemyError, ImportError, RuntimeError, ValueError, OSError) as error:
        raise ConfigError(
            "storage must be the address of a database that can be opened, such as sqlite:///sweeps.db, got "
            f"{without_password(url)!r}: {reason_of(error)}",
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
                f"storage must lie in a folder that can be made, got {url!r}: {error.strerror or error}.",
                field="storage",
            ) from None


def _prepare(connection: Any, _record: Any) -> None:
    """A log beside the file: readers do not wait for writers, and a commit need not wait for the disk. What a crash
    of the machine, not of the program, may cost are the last trials."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
