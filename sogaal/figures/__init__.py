"""One file a plot: plain data in, an info (a frozen dataclass), a spec, a plotly Figure out."""

from sogaal.figures.auc import AucInfo, auc_caption, auc_figure, auc_info, auc_spec
from sogaal.figures.curves import CurvesInfo, curves_caption, curves_figure, curves_info, curves_spec
from sogaal.figures.losses import LossesInfo, losses_caption, losses_figure, losses_info, losses_spec
from sogaal.figures.plane import (
    DEFAULT_LAYERS,
    LAYERS,
    PlaneInfo,
    Scene,
    layers_for,
    make_scene,
    plane_caption,
    plane_figure,
    plane_info,
    plane_spec,
)
from sogaal.figures.precision_recall import (
    PrecisionRecallInfo,
    precision_recall_caption,
    precision_recall_figure,
    precision_recall_info,
    precision_recall_spec,
)
from sogaal.figures.roc import RocInfo, roc_caption, roc_figure, roc_info, roc_spec
from sogaal.figures.score_histogram import (
    ScoreHistogramInfo,
    score_histogram_caption,
    score_histogram_figure,
    score_histogram_info,
    score_histogram_spec,
)
from sogaal.figures.signals import SignalsInfo, signals_caption, signals_figure, signals_info, signals_spec
from sogaal.figures.spec import CONFIG, Spec, pack, to_figure
from sogaal.figures.theme import style, theme
from sogaal.figures.thin import sparkline
from sogaal.figures.thumbnail import (
    ThumbnailInfo,
    thumbnail_caption,
    thumbnail_figure,
    thumbnail_info,
    thumbnail_spec,
)
from sogaal.figures.views import View

__all__ = [
    "CONFIG",
    "DEFAULT_LAYERS",
    "LAYERS",
    "AucInfo",
    "CurvesInfo",
    "LossesInfo",
    "PlaneInfo",
    "PrecisionRecallInfo",
    "RocInfo",
    "Scene",
    "ScoreHistogramInfo",
    "SignalsInfo",
    "Spec",
    "ThumbnailInfo",
    "View",
    "auc_caption",
    "auc_figure",
    "auc_info",
    "auc_spec",
    "curves_caption",
    "curves_figure",
    "curves_info",
    "curves_spec",
    "layers_for",
    "losses_caption",
    "losses_figure",
    "losses_info",
    "losses_spec",
    "make_scene",
    "pack",
    "plane_caption",
    "plane_figure",
    "plane_info",
    "plane_spec",
    "precision_recall_caption",
    "precision_recall_figure",
    "precision_recall_info",
    "precision_recall_spec",
    "roc_caption",
    "roc_figure",
    "roc_info",
    "roc_spec",
    "score_histogram_caption",
    "score_histogram_figure",
    "score_histogram_info",
    "score_histogram_spec",
    "signals_caption",
    "signals_figure",
    "signals_info",
    "signals_spec",
    "sparkline",
    "style",
    "theme",
    "thumbnail_caption",
    "thumbnail_figure",
    "thumbnail_info",
    "thumbnail_spec",
    "to_figure",
]
