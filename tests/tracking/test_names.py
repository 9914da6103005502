from __future__ import annotations

import pytest

from astroclf.tracking.names import epoch_names, metric_name, migrate_names, split_group


def test_the_columns_of_an_epoch_are_grouped_by_split() -> None:
    row = {
        "epoch": 3.0,
        "lr": 0.1,
        "train_loss": 0.5,
        "val_balanced_accuracy": 0.75,
        "time_s": 2.0,
    }
    assert epoch_names(row) == {
        "train/lr": 0.1,
        "train/loss": 0.5,
        "val/balanced_accuracy": 0.75,
        "system/time_s": 2.0,
    }


def test_the_selected_epoch_has_a_group_of_its_own() -> None:
    assert metric_name(split_group("val"), "mcc") == "val_best/mcc"
    assert metric_name(split_group("test"), "mcc") == "test/mcc"


@pytest.mark.parametrize("split", ["Field 12", "a/b", "..", "galaxies (é)", "x\ny"])
def test_names_of_splits_are_those_that_mlflow_takes(split: str) -> None:
    from mlflow.utils.validation import _validate_metric_name

    _validate_metric_name(metric_name(split, "accuracy"))


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("best_val_accuracy", "val_best/accuracy"),
        ("test_balanced_accuracy", "test/balanced_accuracy"),
        ("hand_test_macro_f1", "hand_test/macro_f1"),
        ("best_val_mcc_std", "val_best/mcc_std"),
        ("pooled_log_loss", "pooled/log_loss"),
        ("best_parameters", "best/parameters"),
        ("trials_complete", "trials/complete"),
        ("importance_optimizer.lr", "importance/optimizer.lr"),
        ("replicates_test_accuracy", "replicates_test/accuracy"),
        ("test/accuracy", "test/accuracy"),
        ("my_number", "my_number"),
    ],
)
def test_former_names_are_migrated(former: str, present: str) -> None:
    assert migrate_names({former: 0.5}) == {present: 0.5}
