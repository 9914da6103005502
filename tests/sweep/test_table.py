from __future__ import annotations

import math

import optuna
import pandas as pd
import pytest

from astroclf.sweep.content import study_of
from astroclf.sweep.table import write_trials


@pytest.fixture
def table(tmp_path):
    def build(content):
        write_trials(tmp_path / "trials.csv", content)
        assert [file.name for file in tmp_path.iterdir()] == ["trials.csv"]
        return pd.read_csv(tmp_path / "trials.csv", keep_default_na=False, na_values=[""])

    return build


def test_columns_are_those_of_optunas_own_table(table, content):
    found = table(content)
    own = study_of(content.complete, content.directions).trials_dataframe()
    assert {name for name in own if name.startswith("params_")} <= set(found)
    assert list(found)[:3] == ["number", "state", "value"]
    assert list(found)[-4:] == ["folder", "time_s", "epochs", "reason"]
    complete = found[found.state == "COMPLETE"]
    assert complete.value.tolist() == own.value.tolist()
    assert complete["params_optimizer.lr"].tolist() == own["params_optimizer.lr"].tolist()


def test_every_trial_has_a_row_in_any_state(table, content):
    found = table(content).set_index("number")
    assert found.index.tolist() == list(range(26))
    assert found.state.value_counts().to_dict() == {
        "COMPLETE": 16, "PRUNED": 6, "FAIL": 3, "RUNNING": 1
    }  # fmt: skip
    assert found.reason[7] == "ran out of <memory>"
    assert found.value[2] == content.trials[2].intermediate_values[1]
    assert (found.time_s[0], found.epochs[0], found.folder[0]) == (50, 5, "sweeps/0")
    assert found.loc[25, ["value", "time_s", "epochs", "reason"]].isna().all()


def test_a_parameter_of_none_differs_from_a_missing_one(table, content):
    found = table(content)
    for trial, row in zip(content.trials, found.to_dict("records"), strict=True):
        if trial.params:
            assert row["params_augment"] == (trial.params["augment"] or "null")
            assert math.isnan(row["params_loss.gamma"]) == ("loss.gamma" not in trial.params)


def test_several_objectives_have_a_column_each(table, two):
    found = table(two)
    assert list(found)[2:4] == ["value_accuracy", "value_parameters"]
    assert found.value_parameters[0] == two.trials[0].values[1]
    assert found.isna().value_parameters[7]


def test_a_search_that_has_not_begun_has_a_header(table, content):
    study = optuna.create_study()
    assert len(table(type(content)("s", "c", ("loss",), ("minimize",), study.trials, {}))) == 0
