from __future__ import annotations

from astroclf.runs.migrations import (
    ADDED_SETTINGS,
    migrate_config,
    migrate_metrics_1,
    migrate_metrics_2,
)


def test_mean_of_several_trainings_becomes_the_value() -> None:
    old = {"test": {"mcc": {"mean": 0.5, "values": [0.5]}}, "pooled": {"mcc": {"value": 0.4}}}
    new = {"test": {"mcc": {"value": 0.5, "values": [0.5]}}, "pooled": {"mcc": {"value": 0.4}}}
    assert migrate_metrics_1(old) == new


def test_selection_metric_gets_its_name() -> None:
    run = migrate_metrics_1({"run": {"chosen_on": "val loss", "seed": 1}})["run"]
    assert run == {"selection_metric": "val loss", "seed": 1}


def test_settings_get_their_present_names_and_the_keys_that_were_added() -> None:
    old = {"seed": 1, "resume": None, "evaluation": {"views": 8}}
    assert migrate_config(old) == {
        "seed": 1,
        "evaluation": {"tta_views": 8, "report": True, "conformal": None},
        "debug": {"name": "none"},
        "trainer": ADDED_SETTINGS["trainer"],
        "model": {"features_columns": []},
        "search": {"keep_models": 3},
        "dataset": {"near_duplicates": False, "on_leak": "warn"},
        "flux": {"name": "asinh", "softening": 1.0, "scale": "auto"},
    }


def test_metrics_of_version_2_are_those_of_version_3() -> None:
    content = {"test": {"mcc": {"value": 0.5, "ci95": None}}, "run": {"train_s": 1.0}}
    assert migrate_metrics_2(content) == content


def test_settings_of_an_option_are_added_to_that_option_alone() -> None:
    stored = {"tracking": {"name": "mlflow", "uri": None, "log_model": True}}
    assert migrate_config(stored)["tracking"] == {
        "name": "mlflow",
        "uri": None,
        "log_model": True,
        "register": None,
        "system_metrics": False,
    }
    assert migrate_config({"tracking": {"name": "none"}})["tracking"] == {"name": "none"}


def test_options_of_predict_are_added_where_there_is_that_group() -> None:
    assert migrate_config({"predict": {"input": "a", "pattern": "b"}})["predict"] == {
        **{"image_columns": None, "pattern": "b", "frames": None},
        **{"ra_column": None, "dec_column": None, "input": "a"},
    }
    assert "predict" not in migrate_config({"task": {"name": "train"}})


def test_settings_of_an_option_are_added_to_those_of_its_group() -> None:
    dataset = migrate_config({"dataset": {"name": "simulated", "near_duplicates": True}})["dataset"]
    assert dataset == {
        "name": "simulated", "rgb": False, "near_duplicates": True, "on_leak": "warn",
    }  # fmt: skip
