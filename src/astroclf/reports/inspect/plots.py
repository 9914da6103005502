"""Charts of the page of task=inspect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astroclf.reports.canvas import FAINT, INK, MUTED, PAGE_MM, PALETTE, PAPER, Chart, literal
from astroclf.reports.inspect.content import AblationContent, Distributions, Map

MOST_CLASSES = 12  # drawn; of more, the most frequent ones
SHARES = (5, 25, 50, 75, 95)  # percentiles
ROW_MM, EDGE_MM = 4.2, 14.0
LOG_RATIO = 20  # of the 95th to the 5th percentile, from which on an axis is logarithmic
THUMBNAIL_PT = 17.0
ALL = "all images"


def class_color(k: int) -> str:
    """Return the color of class k; classes beyond the palette are gray."""
    return PALETTE[k] if k < len(PALETTE) else MUTED


def distribution_charts(content: Distributions) -> list[Chart]:
    """Return a chart for each statistic that any image has: percentiles per class and split."""
    return [
        distribution(name, values, content)
        for name, values in content.columns.items()
        if np.isfinite(values).any()
    ]


def distribution(name: str, values: np.ndarray, content: Distributions) -> Chart:
    """Draw the median, the quartiles and the 5th and 95th percentile of each class in each split."""
    counts = np.bincount(content.classes, minlength=len(content.class_names))
    shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    splits = content.split_names[: len(PALETTE)]
    finite = np.isfinite(values)
    low, high = np.percentile(values[finite], [5, 95])

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for row, k in enumerate(shown):
            for s, split in enumerate(splits):
                of = values[finite & (content.classes == k) & (content.splits == s)]
                if len(of):
                    y = row + (s - (len(splits) - 1) / 2) * 0.8 / len(splits)
                    _percentiles(axes, of, y, PALETTE[s], split if row == 0 else None)
        axes.set_yticks(range(len(shown)), [literal(content.class_names[k]) for k in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(False, axis="y")
        axes.set_xlabel(literal(name))
        if low > 0 and high > LOG_RATIO * low:
            _use_log_axis(axes)
        if len(splits) > 1:
            figure.legend(loc="outside upper right", ncols=len(splits))

    height_mm = EDGE_MM + ROW_MM * len(shown) * max(1, len(splits))
    description = f"{name}: 5, 25, 50, 75 and 95 % of the images of each class in each split"
    return Chart(f"distribution_{name.split(',')[0]}", description, paint, height_mm=height_mm)


def _use_log_axis(axes: Any) -> None:
    """Make the x axis logarithmic, with ticks at 1, 2 and 5 in plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _percentiles(axes: Any, values: np.ndarray, y: float, color: str, label: str | None) -> None:
    lowest, low, middle, high, highest = np.percentile(values, SHARES)
    axes.plot([lowest, highest], [y, y], color=color, linewidth=0.6)
    axes.plot([low, high], [y, y], color=color, linewidth=2.6, solid_capstyle="butt", label=label)
    axes.plot(middle, y, "o", color=PAPER, markeredgecolor=color, markersize=3.2)


def feature_map(content: Map) -> Chart:
    """Draw the images as points in the color of their class, the misclassified ones ringed, and
    thumbnails spread over the map."""

    def paint(figure: Any) -> None:
        from matplotlib.offsetbox import AnnotationBbox, OffsetImage

        axes = figure.subplots()
        x, y = content.points.T
        for k, name in enumerate(content.class_names):
            of = content.classes == k
            label = literal(name) if k < len(PALETTE) else None
            axes.scatter(
                x[of], y[of], s=4, color=class_color(k), linewidths=0, label=label, rasterized=True
            )
        if content.wrong is not None and content.wrong.any():
            axes.scatter(
                x[content.wrong], y[content.wrong], s=14, facecolors="none", edgecolors=INK, linewidths=0.6,
                label="misclassified", rasterized=True,
            )  # fmt: skip
        for position, image in zip(content.shown, content.thumbnails, strict=True):
            frame = {"edgecolor": class_color(int(content.classes[position])), "linewidth": 0.9}
            shown = OffsetImage(image, zoom=THUMBNAIL_PT / max(image.shape[:2]))
            box = AnnotationBbox(shown, content.points[position], pad=0.06, bboxprops=frame)
            axes.add_artist(box)
        axes.set(xlabel=content.axes[0], ylabel=content.axes[1], xticks=[], yticks=[])
        figure.legend(
            loc="outside upper left", ncols=min(7, len(content.class_names) + 1), markerscale=1.6
        )

    description = (
        f"{content.title} of the features of {len(content.points):,} images, colored by class"
    )
    return Chart(f"map_{content.title.lower()}", description, paint, PAGE_MM, 115)


def ablation_losses(content: AblationContent) -> Chart:
    """Draw the loss of accuracy under each ablation, of all images and of the first classes."""
    ablations = list(content.described)
    classes = list(dict.fromkeys(row.name for row in content.rows if row.name))[: len(PALETTE)]
    names = ["", *classes]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=MUTED, linewidth=0.7)
        for n, name in enumerate(names):
            color = INK if name == "" else class_color(n - 1)
            label: str | None = literal(name) if name else ALL
            for row in (row for row in content.rows if row.name == name):
                y = ablations.index(row.ablation) + (n - (len(names) - 1) / 2) * 0.75 / len(names)
                low, high = row.ci95 or (row.loss, row.loss)
                axes.plot([low, high], [y, y], color=color, linewidth=1.0)
                axes.plot(row.loss, y, "o", color=color, markersize=3 if name else 4, label=label)
                label = None
        axes.set_yticks(range(len(ablations)), ablations)
        axes.set_ylim(len(ablations) - 0.4, -0.6)
        for boundary in range(1, len(ablations)):
            axes.axhline(boundary - 0.5, color=FAINT, linewidth=0.5)
        axes.grid(False, axis="y")
        axes.set_xlabel("loss of accuracy (of a class: of its recall)")
        figure.legend(loc="outside upper left", ncols=min(5, len(names)))

    height_mm = EDGE_MM + len(ablations) * max(8.0, 3.0 * len(names))
    return Chart("ablations", "Loss of accuracy under each ablation", paint, PAGE_MM, height_mm)


def legend_note(class_names: Sequence[str]) -> str:
    """Return a sentence on classes that have no color of their own, or ""."""
    if len(class_names) <= len(PALETTE):
        return ""
    return f"Classes after {class_names[len(PALETTE) - 1]} are gray."
