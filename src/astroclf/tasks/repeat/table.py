"""Table on the terminal that ends a run with several seeds or folds."""

from __future__ import annotations

from astroclf.data.dataset import TEST, VAL
from astroclf.runs.metrics import Metric, Metrics

WIDTH = 20
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
        head = f"{f'{split} (chosen on)' if split == VAL else split:<{WIDTH}}{'mean ± std':<18}"
        head += f"{'95 % of the mean':<18}" if has_intervals else ""
        head += f"{'all images':<24}" if pooled else ""
        lines += ["", head + "".join(f"{name:>10}" for name in metrics.run.runs)]
        for name, spread in spreads.items():
            row = f"{name:<{WIDTH}}{_mean_and_std(spread):<18}"
            row += f"{_interval(spread.ci95):<18}" if has_intervals else ""
            row += f"{_with_interval(pooled[name]):<24}" if pooled else ""
            lines.append(row + "".join(f"{_number(value):>10}" for value in spread.values))
        for each in (spreads, pooled):
            lines += [f"{name}: {metric.note}." for name, metric in each.items() if metric.note]
    return "\n".join(line.rstrip() for line in lines)


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
    return "-" if value is None else f"{value:.3f}"
