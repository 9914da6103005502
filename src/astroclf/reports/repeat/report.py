"""Report of several seeds or folds: one self-contained HTML file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from astroclf.files import write_text
from astroclf.reports.figures import Figures
from astroclf.reports.page import render_page
from astroclf.reports.repeat import plots
from astroclf.reports.repeat.content import RepeatContent
from astroclf.reports.run.formats import (
    MAIN_METRICS,
    bounds,
    headline_value,
    metric_title,
    number,
)
from astroclf.settings.metrics import METRICS
from astroclf.status import status


@status("writing the report")
def write_repeat_report(path: Path, content: RepeatContent) -> None:
    """Write the page: UTF-8, self-contained, without scripts."""
    page = render_page(
        Path(__file__).parent,
        "repeat.html.j2",
        title=content.title,
        facts=content.facts,
        warnings=content.warnings,
        filters={
            "number": number,
            "bounds": bounds,
            "headline": partial(headline_value, content.headline),
        },
        figures=Figures(path.with_name("figures")),
        content=content,
        metrics=METRICS,
        metric_label=lambda metric: metric_title(metric, content.labels.positive_class),
        columns=_columns(content),
        **_charts(content),
    )
    write_text(path, page)


def _columns(content: RepeatContent) -> list[str]:
    """Return the metrics whose value of each training is shown."""
    return [metric for metric in MAIN_METRICS if metric in content.figures]


def _charts(content: RepeatContent) -> dict[str, Any]:
    """Return the charts of the page, None for those without data."""
    names = [each.name for each in content.trainings]
    positive, classes = content.labels.positive_class, content.labels.classes
    has_curves = any(len(each.curve) > 1 for each in content.trainings)
    return {
        "points": [
            plots.spread_points(each, metric_title(each, positive), content.figures[each], names)
            for each in _columns(content)
        ],
        "curves": plots.monitored_curves(content.trainings, content.monitor)
        if has_curves
        else None,
        "confusion": plots.confusion_shares(content.mean_confusion, classes)
        if content.labels.kind == "classes"
        else (),
    }
