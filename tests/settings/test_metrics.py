"""Metric records: names per kind of target, directions, labels and gains."""

from __future__ import annotations

import numpy as np
import pytest

from astroclf.settings.metrics import (
    COSTS,
    METRICS,
    class_metric_names,
    higher_is_better,
    metric_names,
    question_metric_names,
)


def test_metrics_over_all_images_depend_on_the_kind_of_targets() -> None:
    assert metric_names("votes") == ("loss", "rmse", "r2")
    assert metric_names("classes") == (
        "loss",
        "accuracy",
        "balanced_accuracy",
        "macro_f1",
        "mcc",
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier",
        "ece",
    )


def test_metrics_of_each_class_depend_on_the_kind_of_targets() -> None:
    assert class_metric_names("votes") == ("rmse", "bias", "r2")
    assert class_metric_names("classes") == (
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
    )


def test_questions_of_a_tree_have_a_calibration_error_and_an_rmse() -> None:
    assert question_metric_names() == ("ece", "rmse")


def test_records_are_unique_and_described() -> None:
    assert not set(METRICS) & set(COSTS)
    assert all(record.description for record in (*METRICS.values(), *COSTS.values()))


def test_direction_of_errors_and_costs_is_down_and_of_scores_and_throughput_up() -> None:
    down = {"loss", "log_loss", "brier", "ece", "rmse", "parameters", "trained_parameters"}
    down |= {"train_s"}
    assert {name for name in (*METRICS, *COSTS) if not higher_is_better(name)} == down


def test_gain_is_positive_for_an_improvement_of_numbers_and_arrays() -> None:
    assert METRICS["accuracy"].gain(0.9, 0.8) == pytest.approx(0.1)
    assert METRICS["rmse"].gain(0.2, 0.1) == pytest.approx(-0.1)
    gains = METRICS["ece"].gain(np.array([0.1, 0.3]), np.array([0.2, 0.2]))
    np.testing.assert_allclose(gains, [0.1, -0.1])


def test_label_names_the_positive_class_only_where_the_metric_is_of_it() -> None:
    assert METRICS["roc_auc"].label("star") == "roc_auc (star)"
    assert METRICS["roc_auc"].label(None) == "roc_auc"
    assert METRICS["accuracy"].label("star") == "accuracy"
