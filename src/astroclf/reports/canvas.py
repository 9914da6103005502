"""Charts in the style of the pages, as SVG inside an HTML page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import Any, Literal

# Okabe & Ito (2008), which color-blind readers can distinguish.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
INK, MUTED, FAINT = "#1f2933", "#6b7785", "#d5dae0"

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.image_inline": True,
    "font.family": "DejaVu Sans",
    "font.size": 12.5,
    "text.color": INK,
    "axes.titlesize": 13.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 12.5,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 11.5,
    "ytick.labelsize": 11.5,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 12,
    "legend.handlelength": 1.4,
}


def draw(
    width_px: int,
    height_px: int,
    description: str,
    paint: Callable[[Any], None],
    layout: Literal["constrained"] | None = "constrained",
) -> str:
    """Return the SVG of a figure that `paint` fills; one unit of it is one CSS pixel.

    paint: receives an empty `matplotlib.figure.Figure`.
    description: what the chart shows, for readers that cannot see it.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # The description as salt keeps marker ids of several charts of one page apart.
    style: Any = {**STYLE, "svg.hashsalt": description}
    with mpl.rc_context(style):
        figure = Figure(figsize=(width_px / 72, height_px / 72), layout=layout)
        paint(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, dpi=144)
    return _inline(stream.getvalue(), width_px, height_px, description)


def literal(name: str) -> str:
    """Return a name that matplotlib shows unchanged: no mathematics, not hidden from legends."""
    text = name.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _inline(svg: str, width_px: int, height_px: int, description: str) -> str:
    """Return the SVG without the prologue, namespaces and ids that only a file of its own needs."""
    body = svg[svg.index("<svg") :]
    body = body[body.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="\w+_\d+">', "<g>", body)
    body = re.sub(r' id="image[0-9a-f]+"', "", body)
    body = body.replace("xlink:href", "href")
    return (
        f'<svg class="chart" viewBox="0 0 {width_px} {height_px}" width="{width_px}" '
        f'role="img" aria-label="{escape(description)}">{body}'
    )
