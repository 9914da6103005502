"""Charts of values against parameters: parallel coordinates and slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from astroclf.reports.canvas import INK, MUTED, PAGE_MM, PX_PER_MM, Chart, literal
from astroclf.reports.sweep.plots import BLUE, MANY_LINES, ORANGE, visible_range
from astroclf.sweep.content import SweepContent
from astroclf.sweep.space.parameters import Parameter, as_text, linear_ticks

MOST_AXES = 9  # parameters beside each other in parallel coordinates
UNUSED = -0.13  # position of trials without the parameter
PANELS_PER_ROW, PANEL_PX, PANEL_HEIGHT_PX, LEFT_PX = 4, 243, 170, 68
LONGEST_TEXT = 14


def parallel_coordinates(content: SweepContent, parameters: Sequence[Parameter]) -> Chart:
    """Chart one line a complete trial, across an axis for each parameter and one for its value."""
    trials = content.ranked(content.complete)[::-1]  # the best is drawn last
    low, high = visible_range([trial.values[0] for trial in trials], content.directions[0])
    paths = [
        [*(_place(trial, each) for each in parameters), _scaled(trial, low, high)]
        for trial in trials
    ]

    def paint(figure: Any) -> None:
        axes = figure.add_axes((0.06, 0.01, 0.89, 0.86))
        colors = _color_map(content.directions[0])
        for trial, path in zip(trials, paths, strict=True):
            is_best = trial is content.best
            axes.plot(
                path, color=ORANGE if is_best else colors(path[-1]), alpha=1 if is_best else 0.75,
                linewidth=1.3 if is_best else 0.65, rasterized=len(trials) > MANY_LINES,
            )  # fmt: skip
        unused = [
            any(path[column] == UNUSED for path in paths) for column in range(len(parameters))
        ]
        for column, parameter in enumerate(parameters):
            _axis(
                axes, column, [(_along_axis(parameter, x), text) for x, text in parameter.ticks(6)]
            )
            if unused[column]:
                _tick(axes, column, UNUSED, "not used")
            _heading(axes, column, parameter.name)
        last = len(parameters)
        gradient = colors(np.linspace(0, 1, 128))[:, None]
        axes.imshow(
            gradient, extent=(last, last + 0.05, 0, 1), origin="lower", aspect="auto", zorder=3
        )
        _axis(
            axes, last, [((x - low) / (high - low), as_text(x)) for x in linear_ticks(low, high, 7)]
        )
        _heading(axes, last, content.objectives[0])
        axes.set(xlim=(-0.02, last + 0.05), ylim=(UNUSED - 0.03 if any(unused) else -0.03, 1.02))
        axes.axis("off")

    return Chart("parallel", "Parallel coordinates", paint, PAGE_MM, 70, None)


def _color_map(direction: str) -> Any:
    """Return a color map of values: pale where bad, dark where good."""
    from matplotlib.colors import LinearSegmentedColormap

    scale = ["#ccd6df", "#56B4E9", "#0072B2", "#06304d"]
    return LinearSegmentedColormap.from_list("", scale if direction == "maximize" else scale[::-1])


def _scaled(trial: FrozenTrial, low: float, high: float) -> float:
    return float(np.clip((trial.values[0] - low) / (high - low), 0, 1))


def _place(trial: FrozenTrial, parameter: Parameter) -> float:
    """Return the position at which the line of a trial crosses the axis.

    Choices are shifted slightly, so that the lines of several trials are distinct.
    """
    if parameter.name not in trial.params:
        return UNUSED
    place = _along_axis(parameter, parameter.number(trial.params[parameter.name]))
    return place + 0.05 * _jitter(trial.number) if parameter.categories else place


def _along_axis(parameter: Parameter, number: float) -> float:
    """Return the position from 0 to 1; choices have a margin at both ends."""
    place = parameter.place(number)
    return 0.05 + 0.9 * place if parameter.categories else place


def _jitter(number: int) -> float:
    """Return -0.5 to 0.5, evenly spread over consecutive trials (golden ratio)."""
    return (number * 0.6180339887) % 1 - 0.5


def _axis(axes: Any, column: int, ticks: Sequence[tuple[float, str]]) -> None:
    axes.plot([column, column], [0, 1], color=INK, linewidth=0.6, zorder=3)
    for place, text in ticks:
        _tick(axes, column, place, text)


def _tick(axes: Any, column: int, place: float, text: str) -> None:
    plate = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.6}
    axes.plot([column - 0.015, column], [place, place], color=INK, linewidth=0.6, zorder=3)
    axes.text(
        column - 0.03, place, literal(_shortened(text)), ha="right", va="center", fontsize=5.5,
        bbox=plate, zorder=5,
    )  # fmt: skip


def _heading(axes: Any, column: int, name: str) -> None:
    section, _, key = name.rpartition(".")
    text = literal(f"{section}\n{key}" if section else key)
    axes.text(column, 1.06, text, ha="center", va="bottom", fontsize=5.75, color=INK)


def slices(content: SweepContent, parameters: Sequence[Parameter]) -> Chart:
    """Chart the first objective against each parameter, a panel for each."""
    columns = min(PANELS_PER_ROW, len(parameters))
    rows = -(-len(parameters) // columns)
    trials = [*content.complete, *content.of_state(TrialState.PRUNED)]
    points = [(trial, value) for trial in trials if (value := content.value(trial)) is not None]
    usual = [trial.values[0] for trial in content.complete]
    limits = visible_range([value for _, value in points], content.directions[0], usual)

    slanted = any(map(_is_crowded, parameters))
    row_px = PANEL_HEIGHT_PX + (88 if slanted else 56)
    width_px, height_px = LEFT_PX + columns * PANEL_PX, rows * row_px + 10

    def paint(figure: Any) -> None:
        # Without a layout engine, which fails for many panels.
        for index, parameter in enumerate(parameters):
            row, column = divmod(index, columns)
            bottom = height_px - 10 - PANEL_HEIGHT_PX - row * row_px
            place = (LEFT_PX + column * PANEL_PX, bottom, PANEL_PX - 20, PANEL_HEIGHT_PX)
            axes = figure.add_axes(np.divide(place, [width_px, height_px] * 2), ylim=limits)
            _slice(
                axes,
                content.best,
                parameter,
                [(t, v) for t, v in points if parameter.name in t.params],
            )
            axes.tick_params(labelleft=column == 0)
            if column == 0:
                axes.set_ylabel(literal(content.objectives[0]))

    return Chart("slices", "Slices", paint, width_px / PX_PER_MM, height_px / PX_PER_MM, None)


def _slice(
    axes: Any,
    best: FrozenTrial | None,
    parameter: Parameter,
    points: Sequence[tuple[FrozenTrial, float]],
) -> None:
    low, high = axes.get_ylim()
    for state, marker, color, size in (
        (TrialState.PRUNED, "x", MUTED, 2.5),
        (TrialState.COMPLETE, "o", BLUE, 2.5),
    ):
        chosen = [(trial, value) for trial, value in points if trial.state == state]
        x = [_along(trial, parameter) for trial, _ in chosen]
        y = np.clip([value for _, value in chosen], low, high)
        axes.plot(x, y, marker, color=color, markersize=size, alpha=0.8, clip_on=False)
    if best is not None and parameter.name in best.params:
        axes.plot(_along(best, parameter), best.values[0], "o", color=ORANGE, markersize=3.75)
    if parameter.is_log:
        axes.set_xscale("log")
    ticks = parameter.ticks(4)
    texts = [literal(_shortened(text)) for _, text in ticks]
    axes.set_xticks([number for number, _ in ticks], texts)
    axes.set_xticks([], minor=True)
    if parameter.categories:
        axes.set_xlim(-0.5, parameter.high + 0.5)
        axes.grid(False, axis="x")
        if _is_crowded(parameter):
            axes.tick_params(axis="x", rotation=25)
    axes.set_xlabel(literal(parameter.name), color=INK)


def _is_crowded(parameter: Parameter) -> bool:
    """Return whether the names of its choices are too long for one line."""
    return sum(len(_shortened(name)) for name in parameter.categories) > 26


def _along(trial: FrozenTrial, parameter: Parameter) -> float:
    number = parameter.number(trial.params[parameter.name])
    return number + 0.4 * _jitter(trial.number) if parameter.categories else number


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
