"""Scoring tables of any size with a saved model: ranks, flags, reasons and drift, with memory that does not grow."""

from sogaal.scoring.ranks import Ranks
from sogaal.scoring.rows import FORMATS, Flagging, Scored, ShareOf, score_rows

__all__ = ["FORMATS", "Flagging", "Ranks", "Scored", "ShareOf", "score_rows"]
