"""The page of a run's report: its sections in order."""

from collections.abc import Iterator
from typing import Any

from sogaal import figures
from sogaal.diagnosis import Finding
from sogaal.metrics import ranking_metrics, roc_auc
from sogaal.model import At
from sogaal.planes import feature_plane, pca_plane
from sogaal.report import charts
from sogaal.report.content import AT, Parent, ReportContent, python_lines, train_command
from sogaal.report.document import document, section
from sogaal.report.html import Child, Html, join, table, tag
from sogaal.report.rows import rows_section
from sogaal.report.setup import origin_section, setup_section, table_again
from sogaal.report.trust import trust_section

SEVERITY = {"failure": "✖ failure", "warning": "▲ warning", "good": "✔ good", "note": "ℹ note"}


def report_page(content: ReportContent) -> bytes:
    """The whole page, UTF-8; same content, same bytes."""
    title = content.name or content.title
    return document(
        title,
        [
            _head(content, title),
            _results(content),
            _diagnosis(content),
            _course(content),
            ranking_section(content),
            trust_section(content),
            rows_section(content),
            setup_section(content.config, content.scaler),
            origin_section(content.dataset, content.versions, content.device, content.run, content.created),
            _again(content),
        ],
    )


# -- what it is, and how it ended --------------------------------------------------------------------------------------


def _head(content: ReportContent, title: str) -> Html:
    data = content.dataset
    labels = "no labels" if data.y is None else f"{data.n_outliers:,} labelled outliers ({data.outlier_share:.1%})"
    lines: list[Child] = [
        tag("h1", tag("bdi", title)),
        tag("p", tag("bdi", content.title), class_="subtitle") if content.name else "",
        tag(
            "p",
            f"{content.config.algorithm.upper()} on ",
            tag("bdi", data.title or data.name),
            f": {data.n:,} rows, {data.d:,} features, {labels}.",
        ),
        tag("p", _ended(content)),
        "" if content.parent is None else _member_of(content.parent),
    ]
    if content.tags:
        lines.append(
            tag("p", "Tags: ", [join(tag("span", tag("bdi", one), class_="tag"), " ") for one in content.tags])
        )
    if content.note:
        lines.append(tag("p", content.note, class_="note"))
    return tag("header", lines)


def _member_of(parent: Parent) -> Html:
    identity = tag("code", parent.id)
    if not parent.kind:
        return tag("p", "It was a member of a population that is not there, or no more: ", identity)
    words = f"It is one of many: the same set-up and seed as a member of the {parent.kind} "
    return tag("p", words, tag("bdi", parent.title), ", ", identity)


def _ended(content: ReportContent) -> str:
    steps = f"{content.view.steps:,} of {content.total_steps:,} steps ({content.epoch:,} epochs)"
    seconds = content.numbers.get("seconds")
    took = f" in {seconds:,.1f} s" if isinstance(seconds, int | float) else ""
    stopped = content.stop_step is not None and content.view.steps >= content.stop_step
    when = f" G stopped at step {content.stop_step:,}." if stopped else " G did not stop within it."
    auto = content.numbers.get("auto")
    if auto:
        when = f" {auto['why']} No label was used for that."
    why = f" {content.message}" if content.message else ""
    return f"The run is {content.state.value}: {steps}{took}.{when}{why}"


def _results(content: ReportContent) -> Html:
    data, numbers = content.dataset, content.numbers
    labelled = data.y is not None
    said = (
        "Labels were used to evaluate only: the training never saw them."
        if labelled
        else "There are no labels: nothing here tells how many of the flagged rows are outliers."
    )
    d_loss, g_loss = (_four(numbers.get(name)) for name in ("d_loss", "g_loss"))
    losses = f"Last losses: D {d_loss}, G {g_loss} (ln 2 = 0.6931: D cannot tell)."
    if not content.logits:
        return section(
            "Result", tag("p", "The run left no trained D, so there are no scores."), tag("p", said, " ", losses)
        )
    rows = [_moment(content, at) for at in content.logits]
    heads: list[str] = ["D as it was"]
    heads += ["ROC-AUC", "average precision", "precision at n"] if labelled else []
    heads += ["flagged rows", "from a score of"]
    parts: list[Child] = [tag("p", said, class_="labels")]
    parts.append(table("Results by moment", heads, rows, numbers=range(1, len(heads))))
    best = numbers.get("auc_best")
    if labelled and best is not None:
        parts.append(tag("p", f"The best AUC on the way was {best:.4f}; choosing it would need the labels."))
    parts += [tag("p", words) for words in _sampled(content)]
    parts.append(tag("p", losses))
    if labelled:
        parts.append(
            tag("p", "Precision at n: the share of outliers among as many rows as there are outliers.", class_="fine")
        )
    return section("Result", *parts)


def _moment(content: ReportContent, at: At) -> list[Child]:
    logits, y = content.logits[at], content.dataset.y
    info = figures.score_histogram_info(logits, y, share=content.share)
    name = content.words(at) + (" (this one scores)" if at == content.at and len(content.logits) > 1 else "")
    cells: list[Child] = [name if content.complete or at == "stop" else f"{name} of what was done"]
    if y is not None:
        auc, precision, at_n = ranking_metrics(logits, y)
        cells += [_four(auc), _four(precision), _four(at_n)]
    return [*cells, f"{info.n_flagged:,} of {info.n:,}", _four(info.threshold)]


def _sampled(content: ReportContent) -> Iterator[str]:
    """What to say where the record has another AUC: of a large table it is that of a sample of the rows."""
    y = content.dataset.y
    moments: tuple[tuple[At, str], ...] = (("stop", "auc_stop"), ("end", "auc_final"))
    for at, name in moments:
        recorded = content.numbers.get(name)
        if y is None or recorded is None or at not in content.logits:
            continue
        if abs(roc_auc(content.logits[at], y) - recorded) > 1e-4:
            yield f"During the run the AUC {AT[at]} was {recorded:.4f}, over a sample of rows; above it is over all."


def _four(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "-"


def _diagnosis(content: ReportContent) -> Html:
    if not content.findings:
        return section("What this run shows", tag("p", "No diagnosis was made of this run."))
    return section("What this run shows", [_finding(one) for one in content.findings])


def _finding(finding: Finding) -> Html:
    return tag(
        "article",
        tag("h3", tag("span", SEVERITY[finding.severity], class_="severity"), " ", finding.title),
        tag("p", finding.evidence),
        tag("p", finding.explanation, class_="fine"),
        tag("p", tag("strong", "Suggestion: "), finding.suggestion) if finding.suggestion else "",
        class_=finding.severity,
    )


# -- charts ------------------------------------------------------------------------------------------------------------


def _course(content: ReportContent) -> Html:
    view = content.view
    if not view.steps:
        return section("The course of the run", tag("p", "The run ended before its first step."))
    options = {"total_steps": content.total_steps, "stop_step": content.stop_step}
    parts: list[Child] = [charts.losses_chart(figures.losses_info(view, **options))]  # type: ignore[arg-type]
    if view.has_labels:
        parts.append(charts.auc_chart(figures.auc_info(view, **options)))  # type: ignore[arg-type]
    else:
        parts += charts.signals_charts(figures.signals_info(view, **options))  # type: ignore[arg-type]
    return section("The course of the run", *parts, *_planes(content))


def _planes(content: ReportContent) -> Iterator[Html]:
    if not content.frames:
        return
    data = content.dataset
    plane = feature_plane(content.X, 0, 1, data.feature_names) if data.d == 2 else pca_plane(content.X)
    scene = figures.make_scene(content.X, data.y, plane)
    last = content.frames[-1]
    shown = [(frame, "When G stopped") for frame in content.frames if frame.step == content.stop_step != last.step]
    shown.append((last, "At the end" if content.complete else "As far as it went"))
    view = None
    for frame, _ in shown:  # one view for both, so that they can be compared
        view = figures.plane_info(scene, frame, view=view, cells=2).view
    drawn = [
        charts.plane_chart(figures.plane_info(scene, frame, view=view, cells=64), f"{words}, step {frame.step:,}")
        for frame, words in shown
    ]
    yield charts.side_by_side(*drawn, class_="row two")


def ranking_section(content: ReportContent) -> Html:
    """The curves and the scores of the D that scores; nothing where there is none."""
    at = content.at
    if at is None:
        return Html("")
    logits, y = content.logits[at], content.dataset.y
    drawn = []
    if y is not None:
        drawn = [
            charts.roc_chart(figures.roc_info(logits, y)),
            charts.precision_recall_chart(figures.precision_recall_info(logits, y)),
        ]
    drawn.append(charts.histogram_chart(figures.score_histogram_info(logits, y, share=content.share)))
    return section(f"The ranking by D {content.words(at)}", charts.side_by_side(*drawn))


def _again(content: ReportContent) -> Html:
    data, config, scaling = content.dataset, content.config, content.scaler.method
    parts = table_again(data, content.run)
    parts.append(tag("p", "On the command line:"))
    parts.append(tag("pre", tag("code", train_command(data, config, scaling))))
    parts.append(tag("p", "In Python:"))
    parts.append(tag("pre", tag("code", python_lines(data, config, scaling))))
    same = "Same seed and set-up, same history: bit for bit on one machine and kind of device with the versions above."
    if not content.complete:
        same += f" Both go on to the end; this run ended after {content.view.steps:,} steps."
    parts.append(tag("p", same, class_="fine"))
    return section("How to do it again", *parts)
