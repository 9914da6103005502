"""Numbers and names as the report shows them."""

from __future__ import annotations

from collections.abc import Sequence

from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.results import SplitResult
from astroclf.reports.page import percent
from astroclf.settings.metrics import METRICS

# Metrics of tables that compare several trainings, of both kinds of labels.
MAIN_METRICS = ("accuracy", "macro_f1", "mcc", "log_loss", "rmse", "r2")
TITLES = {
    "macro_f1": "macro F1",
    "mcc": "MCC",
    "precision": "purity",
    "recall": "completeness",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "brier": "Brier score",
    "ece": "ECE",
    "rmse": "RMSE",
    "r2": "R²",
}
OTHER_NAMES = {
    "precision": "precision",
    "recall": "recall",
}  # of metrics that astronomers call otherwise


def metric_title(metric: str, positive_class: str | None = None) -> str:
    """Return a metric as readers call it, with the positive class where it is of that class."""
    title = TITLES.get(metric, metric.replace("_", " "))
    of_class = positive_class is not None and METRICS[metric].of_positive_class
    return f"{title} ({positive_class})" if of_class else title


def number(value: float | None, metric: str = "") -> str:
    """Return a value with the decimals of its metric; a dash where it is not defined."""
    return "–" if value is None else f"{value:z.{_digits(metric)}f}"


def bounds(ci95: Sequence[float] | None, metric: str = "") -> str:
    """Return an interval with the decimals of its metric; empty where there is none."""
    return "" if ci95 is None else " – ".join(number(bound, metric) for bound in ci95)


def figure(measured: Measured, metric: str = "") -> str:
    """Return a value as text; a dash where it is not defined."""
    return number(measured["value"], metric).replace("-", "−")


def interval(measured: Measured, metric: str = "") -> str:
    """Return an interval, or the floor of a calibration error; empty where there is none."""
    if "floor" in measured:
        return f"floor {measured['floor']:.{_digits(metric)}f}"
    return bounds(measured["ci95"], metric).replace("-", "−")


def headline_value(metric: str, value: float | None) -> str:
    """Return a value of the headline metric: fractions in percent."""
    if value is None or METRICS[metric].scale != "logit":
        return number(value, metric)
    return percent(value)


def class_figure(result: SplitResult, name: str, metric: str) -> str:
    """Return a metric of one class or answer as text."""
    measured = result.scores.per_class[name][metric]
    assert not isinstance(measured, int)
    return figure(measured, metric)


def shortened(name: str, most: int = 18) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _digits(metric: str) -> int:
    """Return the number of decimals to show."""
    return METRICS[metric].digits if metric else 3
