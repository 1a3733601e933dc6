"""SO-GAAL and MO-GAAL beside other detectors, on the same scaled rows: is the game worth it on this table?

    comparison = Comparison(load_dataset("wine"), seeds=3).start()
    comparison.wait()
    report = comparison.report(share=0.05)

No label chooses anything: all hyperparameters are fixed beforehand (:data:`DETECTORS`). Labels, where there are any,
judge the finished rankings.
"""

from sogaal.rivals.classic import Fitted
from sogaal.rivals.comparison import Comparison, Progress
from sogaal.rivals.kinds import DETECTORS, Kind, Part, checked_names
from sogaal.rivals.report import Found, Lone, Report, measures_csv, plain_values, rivals_csv, rivals_table

__all__ = [
    "DETECTORS",
    "Comparison",
    "Fitted",
    "Found",
    "Kind",
    "Lone",
    "Part",
    "Progress",
    "Report",
    "checked_names",
    "measures_csv",
    "plain_values",
    "rivals_csv",
    "rivals_table",
]
