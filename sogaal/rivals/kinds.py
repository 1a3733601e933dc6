"""Which detectors are compared, with their hyperparameters, and on how many rows each can be used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np
import numpy.typing as npt

from sogaal.errors import ConfigError
from sogaal.rivals import classic, gaal
from sogaal.rivals.classic import Fitted
from sogaal.spelling import same_name

FloatArray = npt.NDArray[np.float32]
Part = Literal["gaal", "scikit-learn", "PyOD"]
INSTALL = 'pip install "sogaal[rivals]"'


@dataclass(frozen=True)
class Kind:
    """A detector as it is compared; ``short``: its title where there is little room.

    ``setting``: its hyperparameters in words, "defaults" are those of ``part``. ``seeded``: whether luck plays a part;
    the others give one ranking. ``most_rows``: it is refused above, for ``costs``; None: no limit.
    ``fit(X, seed)`` learns the scaled rows (n, d) float32; ``load`` imports what it needs, so that its time is not
    counted. Both are called in another process, which finds them by their module and name.
    """

    name: str
    title: str
    short: str
    part: Part
    setting: str
    seeded: bool
    fit: Callable[[FloatArray, int], Fitted]
    load: Callable[[], object]
    most_rows: int | None = None
    costs: str = ""

    def refusal(self, n: int) -> str:
        """Why it is not used on a table of ``n`` rows, a sentence; empty if it is."""
        if self.most_rows is None or n <= self.most_rows:
            return ""
        return f"It is not used above {self.most_rows:,} rows, and the table has {n:,}: {self.costs}."

    @property
    def missing(self) -> str:
        """What to install before it can be used, a sentence; empty if nothing."""
        if self.part != "PyOD" or find_spec("pyod") is not None:
            return ""
        return f"It needs PyOD, which is not installed: {INSTALL}"


_PAIRS = "its time grows with the number of pairs of rows"
DETECTORS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("so-gaal", "SO-GAAL", "SO-GAAL", "gaal", "SOGAAL(), D when G stops", True, gaal.so_gaal, gaal.load),
        Kind("mo-gaal", "MO-GAAL", "MO-GAAL", "gaal", "MOGAAL(), D at the end", True, gaal.mo_gaal, gaal.load),
        Kind(
            "auto", "SO-GAAL, automatic stop", "SO, automatic", "gaal",
            f'SOGAAL(stop_epochs="auto", n_estimators={gaal.SEEDS})', True, gaal.automatic, gaal.load,
        ),
        Kind(
            "mo-gaal-8", f"MO-GAAL, {gaal.SEEDS} seeds", f"MO, {gaal.SEEDS} seeds", "gaal",
            f"MOGAAL(n_estimators={gaal.SEEDS}), mean logit", True, gaal.ensemble, gaal.load,
        ),
        Kind(
            "iforest", "Isolation Forest", "I. Forest", "scikit-learn", "100 trees of 256 rows each (defaults)", True,
            classic.isolation_forest, classic.load_sklearn,
        ),
        Kind(
            "lof", "LOF", "LOF", "scikit-learn", f"{classic.LOF_NEIGHBOURS} neighbours (defaults)", False,
            classic.lof, classic.load_sklearn, 200_000, _PAIRS,
        ),
        Kind(
            "knn", "kNN", "kNN", "scikit-learn", f"distance to the {classic.NEIGHBOUR}th nearest other row", False,
            classic.knn, classic.load_sklearn, 200_000, _PAIRS,
        ),
        Kind(
            "ocsvm", "One-class SVM", "SVM", "scikit-learn", "RBF kernel, gamma 'scale', nu 0.5 (defaults)", False,
            classic.one_class_svm, classic.load_sklearn, 20_000, _PAIRS,
        ),
        Kind("ecod", "ECOD", "ECOD", "PyOD", "no hyperparameter", False, classic.ecod, classic.load_pyod),
        Kind("copod", "COPOD", "COPOD", "PyOD", "no hyperparameter", False, classic.copod, classic.load_pyod),
    )
}  # fmt: skip


def checked_names(names: Sequence[str] | None) -> list[str]:
    """``names``, in any case, in the order of :data:`DETECTORS`, each once; None: all.

    Raises :class:`ConfigError` naming "only".
    """
    if names is None:
        return list(DETECTORS)
    names = [same_name(name, DETECTORS) or name for name in names]
    for name in names:
        if name not in DETECTORS:
            raise ConfigError(f"only must name some of {', '.join(DETECTORS)}, got {name!r}.", field="only")
    if not names:
        raise ConfigError(f"only must name at least one of {', '.join(DETECTORS)}, got none.", field="only")
    return [name for name in DETECTORS if name in names]
