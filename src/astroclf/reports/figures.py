"""Figures of a page as files for a paper or a talk: SVG, PDF and PNG."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from astroclf.files import replace_file, write_text
from astroclf.reports.canvas import DPI, Chart, svg_document, svg_element

FORMATS = ("svg", "pdf", "png")


@dataclass(frozen=True)
class Figures:
    """Folder of the figures of one page, beside it.

    names: of those saved so far.
    """

    folder: Path
    names: list[str] = field(default_factory=list)

    def save(self, chart: Chart) -> str:
        """Paint the chart once, and save it in all formats.

        Returns its SVG element for the page, with links to the files below it.
        """
        name = self._new_name(chart.name)
        self.folder.mkdir(exist_ok=True)
        with chart.painted() as figure:
            document = svg_document(figure)
            write_text(self.folder / f"{name}.svg", document)
            figure.set_layout_engine("none")  # everything has its place
            with replace_file(self.folder / f"{name}.pdf") as stream:
                _write_pdf(figure, stream)
            with replace_file(self.folder / f"{name}.png") as stream:
                _write_png(figure, stream)
        links = " ".join(
            f'<a href="{self.folder.name}/{name}.{kind}" download>{kind.upper()}</a>'
            for kind in FORMATS
        )
        return f'{svg_element(document, chart)}<p class="files">{links}</p>'

    def _new_name(self, wanted: str) -> str:
        """Return a file name that no other figure of the page has, and keep it."""
        stem = re.sub(r"[^\w-]+", "_", wanted, flags=re.ASCII).strip("_")[:80] or "figure"
        name, number = stem, 2
        while name in self.names:
            name, number = f"{stem}-{number}", number + 1
        self.names.append(name)
        return name


def _write_pdf(figure: Any, stream: IO[bytes]) -> None:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure.dpi = DPI  # the canvas before has changed it; `savefig` would draw everything twice
    FigureCanvasPdf(figure).print_pdf(stream, metadata={"CreationDate": None})


def _write_png(figure: Any, stream: IO[bytes]) -> None:
    """Write the figure on white, on which its colors can be read."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.dpi = DPI
    figure.set_facecolor("white")
    FigureCanvasAgg(figure).print_png(stream)
