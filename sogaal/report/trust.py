"""What a report says of how far the ranking can be trusted, where other seeds were asked."""

from collections.abc import Sequence

from sogaal.report.content import ReportContent
from sogaal.report.document import section
from sogaal.report.html import Html, tag
from sogaal.trust import trust_sentences, unit_of


def trust_section(content: ReportContent) -> Html:
    """How far the ranking can be trusted, where other seeds were asked; else nothing."""
    trust = content.trust
    if trust is None:
        return Html("")
    told = trust_sentences(trust, unit_of(content.config), content.dataset.ids)
    words = f" {' '.join(told)} No label was used."
    return section("How far to trust it", tag("p", tag("strong", f"{trust.verdict}."), tag("bdi", words)))


def seed_counts(content: ReportContent, rows: Sequence[int]) -> list[str]:
    """In the top of how many seeds each row is, a dash for those beyond the top; empty where nobody asked them."""
    trust = content.trust
    known = {} if trust is None else dict(zip(trust.rows.tolist(), trust.counts.tolist(), strict=True))
    return [str(known.get(row, "-")) for row in rows] if known else []
