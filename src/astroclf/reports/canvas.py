"""Charts in the style of the pages and of a paper.

A plotting function gets numbers and returns a `Chart`, whose template shows it by
`{{ roc | chart }}`: as an inline SVG and, if `render_page` gets `figures.Figures`, with links to the
same figure as SVG, PDF and PNG. Sizes are those on paper: fonts, lines and markers in points. On the
page, a point is two CSS pixels.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

# Okabe & Ito (2008), which color-blind readers can distinguish.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
INK, MUTED, FAINT, PAPER = "#1f2933", "#5d6976", "#d5dae0", "#ffffff"

# Colors of charts -> CSS variables of the page, which has others in dark mode.
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    FAINT: "--faint",
    PAPER: "--paper",
    **{color.lower(): f"--series-{number}" for number, color in enumerate(PALETTE)},
}

COLUMN_MM, PAGE_MM = 88.0, 180.0  # widths of one and of two columns of a paper
PX_PER_MM = 500 / COLUMN_MM  # on the page
POINTS_PER_MM = 72 / 25.4
DPI = 300  # of pixels on paper

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.image_inline": True,
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "axes.facecolor": "none",
    "font.size": 7,
    "text.color": INK,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.labelsize": 7,
    "axes.labelcolor": MUTED,
    "axes.labelpad": 2.5,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.4,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.0,
    "lines.markersize": 2.6,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "legend.handlelength": 1.4,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.02,
}


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure of a page, painted when it is shown.

    name: of its files, such as "roc"; the page shows each of its charts under one. description: for
    readers that cannot see it. paint: fills an empty `matplotlib.figure.Figure`; without the
    constrained layout, it places its axes itself.
    """

    name: str
    description: str
    paint: Callable[[Any], None]
    width_mm: float = COLUMN_MM
    height_mm: float = COLUMN_MM
    layout: Literal["constrained"] | None = "constrained"

    @contextmanager
    def painted(self) -> Iterator[Any]:
        """Yield the painted figure, within the style in which it is to be saved."""
        import matplotlib as mpl
        from matplotlib.figure import Figure

        # The name as salt keeps marker ids of several charts of one page apart.
        style: Any = {**STYLE, "svg.hashsalt": self.name}
        with mpl.rc_context(style):
            size = self.width_mm / 25.4, self.height_mm / 25.4
            figure = Figure(figsize=size, facecolor="none", layout=self.layout)
            self.paint(figure)
            yield figure


def draw(chart: Chart) -> str:
    """Return the chart as an SVG element of a page, without files of it."""
    with chart.painted() as figure:
        return svg_element(svg_document(figure), chart)


def svg_document(figure: Any) -> str:
    """Return a painted figure as SVG, whose texts remain texts."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    figure.dpi = DPI  # of what is drawn as pixels; `savefig` would also draw everything twice
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    return stream.getvalue()


def svg_element(document: str, chart: Chart) -> str:
    """Return an SVG as an element of a page: in the colors of the page, without prologue and ids."""
    body = document[document.index("<svg") :]
    body = body[body.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="\w+_\d+">', "<g>", body)
    body = re.sub(r' id="image[0-9a-f]+"', "", body)
    body = body.replace("xlink:href", "href")
    for color, variable in VARIABLES.items():
        body = body.replace(f": {color}", f": var({variable})")
    width, height = (mm * POINTS_PER_MM for mm in (chart.width_mm, chart.height_mm))
    return (
        f'<svg class="chart" viewBox="0 0 {width:.6g} {height:.6g}" '
        f'width="{chart.width_mm * PX_PER_MM:.0f}" role="img" '
        f'aria-label="{escape(chart.description)}">{body}'
    )


def literal(name: str) -> str:
    """Return a name that matplotlib shows unchanged: no mathematics, not hidden from legends."""
    text = name.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def legend_above(figure: Any, axes: Any) -> None:
    """Place the legend of the axes above all of the figure, in as many columns as fit."""
    handles, names = axes.get_legend_handles_labels()
    if not names:
        return
    entry = 22 + 3.9 * max(map(len, names))  # points: the line, and letters of the legend's size
    columns = max(1, int(figure.get_figwidth() * 72 // entry))
    figure.legend(handles, names, loc="outside upper left", ncols=columns, borderpad=0.1)
