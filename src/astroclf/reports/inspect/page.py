"""Page of task=inspect: one HTML file, and its figures in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from astroclf.files import write_text
from astroclf.reports.figures import Figures
from astroclf.reports.inspect import plots
from astroclf.reports.inspect.content import InspectionContent, LossRow
from astroclf.reports.page import render_page
from astroclf.reports.run.gallery import data_uri
from astroclf.status import status


@status("writing the page")
def write_inspection(path: Path, content: InspectionContent, figures: Path) -> None:
    """Write the page: UTF-8, self-contained, without scripts. figures: folder of the files of its charts."""
    page = render_page(
        Path(__file__).parent,
        "inspect.html.j2",
        title=content.title,
        facts=content.facts,
        warnings=content.warnings,
        filters={"data_uri": data_uri, "interval": _interval, "points": _points},
        figures=Figures(figures),
        content=content,
        **charts(content),
    )
    write_text(path, page)


def charts(content: InspectionContent) -> dict[str, Any]:
    """Return the charts of the page by their names in the template."""
    model = content.model
    ablations = None if model is None else model.ablations
    distributions = content.distributions
    return {
        "distribution_charts": []
        if distributions is None
        else plots.distribution_charts(distributions),
        "maps": [] if model is None else [plots.feature_map(each) for each in model.maps],
        "legend_note": plots.legend_note([row[0] for row in content.counts.rows]),
        "losses": None if ablations is None else plots.ablation_losses(ablations),
    }


def _points(share: float) -> str:
    """Return a difference of accuracies, with its sign."""
    return f"{share:+z.4f}"


def _interval(row: LossRow) -> str:
    """Return the interval of a loss, or why there is none."""
    if row.ci95 is None:
        return row.note or "no interval"
    return " – ".join(map(_points, row.ci95))
