"""Page and figures of a comparison, from the compared runs."""

from __future__ import annotations

from astroclf.reports.canvas import svg_document
from astroclf.reports.compare.content import ComparisonContent, RunRow
from astroclf.reports.compare.page import charts_of, comparison_page
from astroclf.tasks.comparison.compare_runs import ComparedRuns
from astroclf.tasks.comparison.example_images import example_images
from astroclf.tasks.comparison.settings_table import differing_settings


def page_content(compared: ComparedRuns, *, gallery: bool) -> ComparisonContent:
    """Return what the page shows; gallery: whether images are read again for it."""
    thumbnails, note = example_images(compared.runs, compared.common.ids) if gallery else (None, "")
    return ComparisonContent(
        comparison=compared.comparison,
        runs=[
            RunRow(run.name, run.kind, count)
            for run, count in zip(compared.runs, compared.common.counts, strict=True)
        ],
        settings=differing_settings(compared.runs),
        bins=compared.bins,
        warnings=compared.common.warnings,
        thumbnails=thumbnails,
        gallery_note=note,
    )


def render_comparison(compared: ComparedRuns, *, gallery: bool) -> str:
    """Return the page as HTML."""
    return comparison_page(page_content(compared, gallery=gallery))


def draw_figures(compared: ComparedRuns) -> dict[str, str]:
    """Return name -> chart of the page, as an SVG document."""
    found = {}
    for chart in charts_of(page_content(compared, gallery=False)):
        with chart.painted() as figure:
            found[chart.name] = svg_document(figure)
    return found
