from __future__ import annotations

from astroclf.reports.canvas import draw
from astroclf.reports.run.plots.learning import column, loss_curves, metric_curves

HISTORY = [{"epoch": e, "lr": 0.1, "train_loss": 1 / e, "val_loss": 1 / e} for e in (1, 2)]


def test_learning_curves_name_the_best_epoch() -> None:
    assert 'aria-label="Loss by epoch; the best epoch is 2"' in draw(loss_curves(HISTORY, 2))


def test_metrics_are_named_in_the_legend() -> None:
    chart = draw(metric_curves([{**row, "val_mcc": 0.5} for row in HISTORY], 2, {"mcc": "MCC"}))
    assert ">MCC</text>" in chart


def test_an_epoch_without_a_value_leaves_a_gap() -> None:
    values = column([{"epoch": 1, "val_mcc": 0.5}, {"epoch": 2}], "val_mcc")
    assert values[0] == 0.5
    assert values[1] != values[1]
