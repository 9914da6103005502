"""Page of task=inspect: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from astroclf.files import write_text
from astroclf.reports.inspect.content import InspectionContent
from astroclf.reports.page import render_page
from astroclf.reports.run.gallery import data_uri
from astroclf.status import status


@status("writing the page")
def write_inspection(path: Path, content: InspectionContent) -> None:
    """Write the page: UTF-8, self-contained, without scripts."""
    page = render_page(
        Path(__file__).parent,
        "inspect.html.j2",
        title=content.title,
        facts=content.facts,
        warnings=content.warnings,
        filters={"data_uri": data_uri},
        content=content,
    )
    write_text(path, page)
