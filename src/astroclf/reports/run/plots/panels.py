"""Grids of small panels that share their axes: a column of a paper, or its width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from astroclf.reports.canvas import COLUMN_MM, MUTED, PAGE_MM, Chart, literal

NARROW_UP_TO = 9  # panels that fit into a column of a paper
MARGIN_MM, FOOT_MM, GAP_MM, HEAD_MM = 10.0, 9.0, 3.5, 4.0
LETTER_MM = 1.3  # of a title


@dataclass(frozen=True)
class Panels:
    """Places of n panels, three beside each other in a column of a paper, else six.

    They are placed by hand: a layout engine takes seconds for 37 panels.
    """

    n: int

    @property
    def width_mm(self) -> float:
        return COLUMN_MM if self.n <= NARROW_UP_TO else PAGE_MM

    @property
    def n_columns(self) -> int:
        return min(self.n, 3 if self.n <= NARROW_UP_TO else 6)

    @property
    def n_rows(self) -> int:
        return -(-self.n // self.n_columns)

    @property
    def side_mm(self) -> float:
        """Width and height of a panel."""
        return (self.width_mm - MARGIN_MM - 1) / self.n_columns - GAP_MM

    @property
    def height_mm(self) -> float:
        return FOOT_MM + self.n_rows * (self.side_mm + HEAD_MM + GAP_MM)

    def add(self, figure: Any) -> list[Any]:
        """Add the panels to a figure; ticks have labels at the left and lower edge alone."""
        panels = []
        size_mm = np.array([self.width_mm, self.height_mm, self.width_mm, self.height_mm])
        for k in range(self.n):
            row, column = divmod(k, self.n_columns)
            left = MARGIN_MM + column * (self.side_mm + GAP_MM)
            bottom = (
                self.height_mm - HEAD_MM - self.side_mm - row * (self.side_mm + HEAD_MM + GAP_MM)
            )
            axes = figure.add_axes(np.divide((left, bottom, self.side_mm, self.side_mm), size_mm))
            axes.set_xlim(0, 1)
            axes.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
            axes.tick_params(
                labelbottom=k + self.n_columns >= self.n, labelleft=column == 0, labelsize=6
            )
            panels.append(axes)
        return panels

    def label(self, figure: Any, x: str, y: str) -> None:
        """Name the axes, once for all panels."""
        figure.supxlabel(x, fontsize=7, color=MUTED, y=1 / self.height_mm)
        figure.supylabel(y, fontsize=7, color=MUTED, x=1 / self.width_mm)

    def title(self, axes: Any, text: str) -> None:
        """Write a title above a panel, cut where it does not fit."""
        axes.set_title(literal(self.shortened(text)), fontsize=6, fontweight="normal", pad=2)

    def shortened(self, title: str) -> str:
        """Return a title that fits on the panel."""
        most = int(self.side_mm / LETTER_MM)
        return title if len(title) <= most else f"{title[: most - 1]}…"

    def chart(self, name: str, description: str, paint: Callable[[Any], None]) -> Chart:
        return Chart(name, description, paint, self.width_mm, self.height_mm, layout=None)
