"""What leaves the program: model files, tables of scores, and what other tools open."""

from sogaal.exports.models import MODEL_FORMAT, HasModel, load_model, save_model
from sogaal.exports.scores import DEFAULT_SHARE, scores_csv, scores_rows, scores_table

__all__ = [
    "DEFAULT_SHARE",
    "MODEL_FORMAT",
    "HasModel",
    "load_model",
    "save_model",
    "scores_csv",
    "scores_rows",
    "scores_table",
]
