"""Table of the metrics of several seeds or folds, for the terminal."""

from __future__ import annotations

from astroclf.data.dataset import TEST
from astroclf.evaluation.results import split_title
from astroclf.runs.metrics import Metric, Metrics
from astroclf.text_table import text_table

FIRST = 20  # width of the first column
MEANINGS = {
    True: "Each image is in test once, for a network that neither trained on it nor was chosen by it; "
    "std is over the folds.",
    False: "std is over the seeds, on the same images; the interval is that of the mean, for images of this "
    "kind.",
}  # whether the trainings are folds -> the meaning of the numbers


def spread_table(metrics: Metrics) -> str:
    """Return a table a split: metric, mean ± standard deviation, interval, and the value of each
    training; for test the metric of all out-of-fold images together, if there is one."""
    lines: list[str] = []
    for split, spreads in metrics.splits.items():
        pooled = metrics.pooled if split == TEST else {}
        has_intervals = any(spread.ci95 for spread in spreads.values())
        columns = [
            "mean ± std",
            *["95 % of the mean"] * has_intervals,
            *["all images"] * bool(pooled),
        ]
        rows = [[split_title(split), *columns, *metrics.run.runs]]
        for name, spread in spreads.items():
            interval = [_interval(spread.ci95)] if has_intervals else []
            of_all = [_with_interval(pooled[name])] if pooled else []
            values = map(_number, spread.values)
            rows.append([name, _mean_and_std(spread), *interval, *of_all, *values])
        lines += ["", text_table(rows, first=FIRST)]
        for each in (spreads, pooled):
            lines += [f"{name}: {metric.note}." for name, metric in each.items() if metric.note]
    return "\n".join(lines)


def _mean_and_std(spread: Metric) -> str:
    if spread.std is None:
        return _number(spread.value)
    return f"{_number(spread.value)} ± {_number(spread.std)}"


def _with_interval(metric: Metric) -> str:
    if metric.ci95 is None:
        return _number(metric.value)
    return f"{_number(metric.value)} {_interval(metric.ci95)}"


def _interval(ci95: list[float] | None) -> str:
    return "" if ci95 is None else f"[{_number(ci95[0])}, {_number(ci95[1])}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:z.3f}"
