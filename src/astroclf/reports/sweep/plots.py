"""Charts of a search: values of its trials, learning curves, importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.trial import TrialState

from astroclf.errors import State
from astroclf.reports.canvas import INK, MUTED, PAGE_MM, PALETTE, Chart, literal
from astroclf.sweep.content import SweepContent, reported_values, state_of

BLUE, ORANGE = PALETTE[0], PALETTE[1]  # trials, and the best of them
MANY_LINES = 200  # more are drawn as pixels
REACH = 4.0  # range of bad values shown, in distances of the median from the best


def visible_range(
    values: Sequence[float], direction: str, usual: Sequence[float] = ()
) -> tuple[float, float]:
    """Return limits from the best to the worst value, with a margin, without outliers on the bad side.

    usual: values whose median sets the range, if at least three; default `values`.
    """
    sign = -1.0 if direction == "maximize" else 1.0
    losses = sign * np.asarray(values, float)
    best, worst = losses.min(), losses.max()
    median = np.median(sign * np.asarray(usual, float) if len(usual) >= 3 else losses)
    if median > best:
        worst = min(worst, best + REACH * (median - best))
    margin = 0.06 * (worst - best) or 0.05 * abs(best) or 0.05
    low, high = sorted((sign * (best - margin), sign * (worst + margin)))
    return float(low), float(high)


def history(content: SweepContent) -> Chart:
    """Chart the value of every trial by its number, and the best so far; a panel for each objective."""
    n = len(content.objectives)
    columns = min(n, 2)
    rows = -(-n // columns)

    def paint(figure: Any) -> None:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels[n:]:
            axes.remove()
        for objective, axes in enumerate(panels[:n]):
            _history_panel(axes, content, objective)
        handles = panels[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper right", ncols=5)

    return Chart("history", "Value of each trial", paint, PAGE_MM, 11 + 47 * rows)


def _history_panel(axes: Any, content: SweepContent, objective: int) -> None:
    complete = [(trial.number, trial.values[objective]) for trial in content.complete]
    pruned = [
        (trial.number, value)
        for trial in content.of_state(TrialState.PRUNED)
        if (value := content.value(trial, objective)) is not None
    ]
    failed = [trial.number for trial in content.trials if state_of(trial) == State.FAILED]
    direction = content.directions[objective]
    if complete or pruned:
        usual = [value for _, value in complete]
        axes.set_ylim(visible_range([*usual, *(value for _, value in pruned)], direction, usual))
        short_numbers(axes.yaxis, axes.get_ylim())
    if complete:
        numbers, values = np.array(complete).T
        improve = np.maximum if direction == "maximize" else np.minimum
        last = max(trial.number for trial in content.trials)
        so_far = improve.accumulate(values)
        axes.step(
            [*numbers, last], [*so_far, so_far[-1]], color=INK, where="post", label="best so far"
        )
        _points(axes, complete, "o", label="complete", color=BLUE, markersize=3)
        best = content.best
        if best is not None and len(content.objectives) == 1:
            _points(
                axes, [(best.number, best.values[0])], "o", label="best", color=ORANGE, markersize=4
            )
    _points(axes, pruned, "x", label="pruned, last value", color=MUTED, markersize=3)
    edge = axes.get_xaxis_transform()
    if failed:
        bottom = np.full(len(failed), 0.0)
        axes.plot(
            failed, bottom, "|", color=ORANGE, markersize=7, markeredgewidth=1, transform=edge,
            clip_on=False, label="failed",
        )  # fmt: skip
    axes.set(xlabel="trial", ylabel=literal(content.objectives[objective]))
    axes.xaxis.get_major_locator().set_params(integer=True)


def _points(axes: Any, points: Sequence[tuple[float, float]], marker: str, **style: Any) -> None:
    """Draw points; those beyond the axis as triangles at its edge."""
    if not points:
        return
    x, y = np.array(points, float).T
    low, high = axes.get_ylim()
    inside = (y >= low) & (y <= high)
    axes.plot(x[inside], y[inside], marker, linestyle="", **style)
    for beyond, edge, triangle in ((y < low, low, "v"), (y > high, high, "^")):
        if beyond.any():
            color = style["color"]
            at = np.full(beyond.sum(), edge)
            axes.plot(x[beyond], at, triangle, color=color, markersize=3, clip_on=False)


def reports(content: SweepContent) -> Chart | None:
    """Chart the values reported after each epoch; None if no trial reported two."""
    curves = {trial.number: reported_values(trial) for trial in content.trials}
    values = [value for curve in curves.values() for value in curve.values()]
    if max(map(len, curves.values()), default=0) < 2:  # points above one epoch are no curves
        return None

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.set_ylim(visible_range(values, content.directions[0]))
        best = content.best.number if content.best else None
        alpha = float(np.clip(20 / len(curves), 0.35, 0.8))
        for trial in content.trials:
            curve = curves[trial.number]
            is_best, is_complete = trial.number == best, trial.state == TrialState.COMPLETE
            color = ORANGE if is_best else BLUE if is_complete else MUTED
            axes.plot(
                list(curve), list(curve.values()), color=color, alpha=1 if is_best else alpha,
                marker="o" if len(curve) == 1 else None, markersize=1.75, linewidth=1.2 if is_best else 0.65,
                zorder=4 if is_best else 3 if is_complete else 2, rasterized=len(curves) > MANY_LINES,
            )  # fmt: skip
        states = ((ORANGE, "best"), (BLUE, "complete"), (MUTED, "pruned or unfinished"))
        for color, label in states:
            axes.plot([], [], color=color, label=label)
        axes.legend(loc="best")
        axes.set(xlabel="epoch", ylabel=literal(content.objectives[0]))
        axes.xaxis.get_major_locator().set_params(integer=True)

    return Chart("epochs", "Reported values by epoch", paint, height_mm=63)


def importance_bars(shares: Mapping[str, float], objective: str) -> Chart:
    """Chart one bar a parameter, the most important on top; at most twenty."""
    shown = dict(list(shares.items())[:20])

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        names = [literal(name) for name in shown]
        bars = axes.barh(names, list(shown.values()), color=BLUE, height=0.62)
        axes.bar_label(bars, [f"{share:.0%}" for share in shown.values()], padding=2.5, color=INK)
        axes.invert_yaxis()
        axes.grid(False)
        axes.set(xlim=(0, 1.15 * max(shown.values())), xticks=())
        axes.spines.bottom.set_visible(False)
        axes.tick_params(axis="y", length=0, labelcolor=INK)

    return Chart(
        f"importance-{objective}",
        f"Importance for {objective}",
        paint,
        height_mm=7 + 6 * len(shown),
    )


def short_numbers(axis: Any, values: Any) -> None:
    """Label large numbers with SI prefixes: 1.4M, not 1.4 with a factor of 1e6."""
    from matplotlib.ticker import EngFormatter

    if np.abs(values).max() >= 1e4:
        axis.set_major_formatter(EngFormatter(sep=""))
