"""Mean and spread of the figures of several trainings."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from astroclf.data.dataset import TEST, VAL
from astroclf.evaluation.intervals import Measured

WIDTH = 20


class Spread(TypedDict):
    """A metric of several trainings as it stands in metrics.json.

    values: of each training, None where it is not defined. mean, std: of those that are; the sample
    standard deviation (n - 1), None where there are fewer than two. ci95: of the mean, if all
    trainings were measured on the same images and the metric has one. note: why it has none.
    """

    mean: float | None
    std: float | None
    values: list[float | None]
    ci95: list[float] | None
    note: NotRequired[str]


def spread_of(values: Sequence[float | None], ci95: list[float] | None = None) -> Spread:
    defined = [value for value in values if value is not None]
    return {
        "mean": statistics.fmean(defined) if defined else None,
        "std": statistics.stdev(defined) if len(defined) > 1 else None,
        "values": list(values),
        "ci95": ci95,
    }


def measure_spread(
    metrics: Sequence[Mapping[str, Any]], means: Mapping[str, Mapping[str, Measured]]
) -> dict[str, dict[str, Spread]]:
    """split -> metric -> its spread, for val, and for test where all trainings have it.

    means: split -> metric -> the interval of its mean, where it is known.
    """
    return {
        split: {
            metric: _with_mean(
                [each[split][metric]["value"] for each in metrics],
                means.get(split, {}).get(metric, {"value": None, "ci95": None}),
            )
            for metric in metrics[0][split]
        }
        for split in (VAL, TEST)
        if all(split in each for each in metrics)
    }


def _with_mean(values: Sequence[float | None], mean: Measured) -> Spread:
    spread = spread_of(values, mean["ci95"])
    if "note" in mean:
        spread["note"] = mean["note"]
    return spread


def tracked_metrics(
    spreads: Mapping[str, Mapping[str, Spread]], pooled: Mapping[str, Measured]
) -> dict[str, float]:
    """`<split>_<metric>` and `<split>_<metric>_std`, with the names that a single run has; and
    `pooled_<metric>`."""
    found: dict[str, float | None] = {}
    for split, metrics in spreads.items():
        name = f"best_{split}" if split == VAL else split
        for metric, spread in metrics.items():
            found[f"{name}_{metric}"] = spread["mean"]
            found[f"{name}_{metric}_std"] = spread["std"]
    found |= {f"pooled_{metric}": measured["value"] for metric, measured in pooled.items()}
    return {name: value for name, value in found.items() if value is not None}


def spread_table(
    names: Sequence[str],
    spreads: Mapping[str, Mapping[str, Spread]],
    pooled: Mapping[str, Measured],
) -> str:
    """A table a split: metric, mean ± standard deviation, the value of each training; for test the
    metric of all out-of-fold images together, if there is one."""
    lines: list[str] = []
    for split, metrics in spreads.items():
        together = pooled if split == TEST else {}
        known = any(spread["ci95"] for spread in metrics.values())
        head = f"{f'{split} (chosen on)' if split == VAL else split:<{WIDTH}}{'mean ± std':<18}"
        head += f"{'95 % of the mean':<18}" if known else ""
        head += f"{'all images':<24}" if together else ""
        lines += ["", head + "".join(f"{name:>10}" for name in names)]
        for metric, spread in metrics.items():
            row = f"{metric:<{WIDTH}}{_mean_and_std(spread):<18}"
            row += f"{_interval(spread['ci95']):<18}" if known else ""
            row += f"{_with_interval(together[metric]):<24}" if together else ""
            lines.append(row + "".join(f"{_number(value):>10}" for value in spread["values"]))
        lines += [f"{name}: {each['note']}." for name, each in metrics.items() if "note" in each]
        lines += [f"{name}: {each['note']}." for name, each in together.items() if "note" in each]
    return "\n".join(line.rstrip() for line in lines)


def _mean_and_std(spread: Spread) -> str:
    if spread["std"] is None:
        return _number(spread["mean"])
    return f"{_number(spread['mean'])} ± {_number(spread['std'])}"


def _with_interval(measured: Measured) -> str:
    if measured["ci95"] is None:
        return _number(measured["value"])
    return f"{_number(measured['value'])} {_interval(measured['ci95'])}"


def _interval(ci95: list[float] | None) -> str:
    return "" if ci95 is None else f"[{_number(ci95[0])}, {_number(ci95[1])}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
