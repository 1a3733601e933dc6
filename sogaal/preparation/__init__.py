"""From columns of any type to the numbers that the networks see, fitted once and kept as plain parameters.

A `Preparation` fills what is missing, makes a column of 0 and 1 of each frequent level of a category, and takes dates
apart. Fitted are scikit-learn's own transformers, all in one pipeline; nothing of them is pickled: `to_dict` gives
their parameters as JSON values, and `from_dict` fits the same transformers again on rows that lead to them.
"""

from sogaal.preparation.columns import GAPS, USUAL, Gaps, Grouping, Kind, PreparedColumn, rare_below
from sogaal.preparation.deviations import Deviations
from sogaal.preparation.original import Distribution, distribution, told
from sogaal.preparation.pipeline import Preparation, RawColumn
from sogaal.preparation.values import shortest, values_of
from sogaal.preparation.wording import Filled, Levels, Words, day_text, phrase, usual_text, value_text

__all__ = [
    "GAPS",
    "USUAL",
    "Deviations",
    "Distribution",
    "Filled",
    "Gaps",
    "Grouping",
    "Kind",
    "Levels",
    "Preparation",
    "PreparedColumn",
    "RawColumn",
    "Words",
    "day_text",
    "distribution",
    "phrase",
    "rare_below",
    "shortest",
    "told",
    "usual_text",
    "value_text",
    "values_of",
]
