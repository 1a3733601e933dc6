"""The report of a run: one HTML page with all that people need to judge it, and to do it again.

    Path("report.html").write_bytes(report_page(content))       # or report_of(store.get("last"))

The page holds no script and asks the network for nothing: its charts are drawn here, as SVG whose colours follow the
reader's light or dark look, and black on white on paper.
"""

from sogaal.report.content import ReportContent
from sogaal.report.page import report_page
from sogaal.report.race import RaceLane, race_picture
from sogaal.report.saved import report_of

__all__ = ["RaceLane", "ReportContent", "race_picture", "report_of", "report_page"]
