"""Charts of the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from astroclf.reports.canvas import COLUMN_MM, INK, MUTED, PAGE_MM, Chart, literal
from astroclf.reports.sweep.plots import ORANGE, short_numbers, visible_range
from astroclf.sweep.content import SweepContent


def pareto_fronts(content: SweepContent) -> list[Chart]:
    """Chart all complete trials for each pair of objectives, those of the front marked."""
    pairs = list(combinations(range(len(content.objectives)), 2))
    return [_pareto_front(content, first, second, alone=len(pairs) == 1) for first, second in pairs]


def _pareto_front(content: SweepContent, first: int, second: int, alone: bool) -> Chart:
    names = content.objectives[first], content.objectives[second]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        all_points, front = (
            np.array([(trial.values[first], trial.values[second]) for trial in trials])
            for trials in (content.complete, content.front)
        )
        for axis, objective, column in (("x", first, 0), ("y", second, 1)):
            _scale(
                axes, axis, all_points[:, column], front[:, column], content.directions[objective]
            )
        axes.plot(*all_points.T, "o", color=MUTED, alpha=0.6, label="complete")
        if alone:
            order = np.argsort(front[:, 0])
            # Dominated trials are on the bad side of this step.
            where = "post" if content.directions[first] == "minimize" else "pre"
            axes.step(*front[order].T, where=where, color=ORANGE, linewidth=0.6)
        axes.plot(*front.T, "o", color=ORANGE, markersize=3.5, label="on the front")
        if len(front) <= 15:
            _number(axes, content.front, front)
        axes.set(xlabel=_directed(content, first), ylabel=_directed(content, second))
        axes.legend(loc="best")

    title = f"{names[1]} against {names[0]}"
    return Chart(f"front-{names[1]}-{names[0]}", title, paint, PAGE_MM if alone else COLUMN_MM, 68)


def _scale(axes: Any, axis: str, values: np.ndarray, front: np.ndarray, direction: str) -> None:
    """Set a logarithmic scale for a wide range of values, else limits that show the whole front."""
    if values.min() > 0 and values.max() > 30 * values.min():
        axes.set(**{f"{axis}scale": "log"})
        return
    shown, all_of_front = (
        visible_range(values.tolist(), direction),
        visible_range(front.tolist(), direction),
    )
    limits = min(shown[0], all_of_front[0]), max(shown[1], all_of_front[1])
    axes.set(**{f"{axis}lim": limits})
    short_numbers(getattr(axes, f"{axis}axis"), values)


def _number(axes: Any, trials: Sequence[FrozenTrial], places: np.ndarray) -> None:
    style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 6, "color": INK}
    for rank, (trial, place) in enumerate(zip(trials, places, strict=True)):
        axes.annotate(str(trial.number), place, (3, -6 if rank % 2 else 3), **style)


def _directed(content: SweepContent, objective: int) -> str:
    arrow = "more is better" if content.directions[objective] == "maximize" else "less is better"
    return literal(f"{content.objectives[objective]} ({arrow})")
