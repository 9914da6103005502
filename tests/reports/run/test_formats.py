"""Numbers and names of the report."""

from __future__ import annotations

import pytest

from astroclf.reports.run.formats import figure, headline_value, interval, metric_title, shortened
from astroclf.settings.metrics import METRICS


def test_no_title_of_a_metric_is_a_key() -> None:
    assert not [name for name in METRICS if "_" in metric_title(name)]
    assert metric_title("recall") == "completeness"


def test_the_positive_class_follows_metrics_of_it() -> None:
    assert metric_title("roc_auc", "galaxy") == "ROC-AUC (galaxy)"
    assert metric_title("accuracy", "galaxy") == "accuracy"


def test_values_have_the_digits_of_their_metric_and_a_minus_sign() -> None:
    assert figure({"value": 0.12345, "ci95": None}, "accuracy") == "0.123"
    assert figure({"value": -0.12345, "ci95": None}, "bias") == "−0.1235"
    assert figure({"value": None, "ci95": None}) == "–"
    assert figure({"value": -1e-9, "ci95": None}) == "0.000"


def test_intervals_and_floors() -> None:
    assert interval({"value": 0.0, "ci95": [-0.1, 0.2]}, "accuracy") == "−0.100 – 0.200"
    assert interval({"value": 0.1, "ci95": None, "floor": 0.02}, "ece") == "floor 0.020"
    assert interval({"value": 0.1, "ci95": None}) == ""


@pytest.mark.parametrize(
    ("metric", "value", "text"), [("accuracy", 0.892, "89.2 %"), ("rmse", 0.31, "0.3100")]
)
def test_headline_fractions_are_percentages(metric: str, value: float, text: str) -> None:
    assert headline_value(metric, value) == text


def test_long_names_are_cut() -> None:
    assert shortened("x" * 30) == f"{'x' * 17}…"
