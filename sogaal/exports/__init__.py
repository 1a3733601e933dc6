"""What leaves the program: model files, tables of scores, and what other tools open.

TensorBoard's event files are in :mod:`sogaal.exports.tensorboard`, ONNX in :mod:`sogaal.exports.onnx`: whoever writes
neither need not wait for their libraries.
"""

from sogaal.exports.drift import drift_csv, drift_dict, drift_json, drift_table
from sogaal.exports.history import history_csv, history_parquet, history_table
from sogaal.exports.models import MODEL_FORMAT, HasModel, is_prepared, load_model, save_model
from sogaal.exports.scores import (
    DEFAULT_SHARE,
    scores_csv,
    scores_rows,
    scores_table,
    scores_with_columns,
    with_reasons,
)

__all__ = [
    "DEFAULT_SHARE",
    "MODEL_FORMAT",
    "HasModel",
    "drift_csv",
    "drift_dict",
    "drift_json",
    "drift_table",
    "history_csv",
    "history_parquet",
    "history_table",
    "is_prepared",
    "load_model",
    "save_model",
    "scores_csv",
    "scores_rows",
    "scores_table",
    "scores_with_columns",
    "with_reasons",
]
