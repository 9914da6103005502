from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import optuna
import pytest

from astroclf.sweep.content import SweepContent
from astroclf.sweep.engine import Budget
from astroclf.tasks.search.console import log_end, log_start
from astroclf.tasks.search.plan import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    space = SimpleNamespace(dimensions={"optimizer.lr": None, "loss": None})
    given = SimpleNamespace(
        study_name="s", budget=Budget(3), space=space, objectives=("accuracy",), folder=tmp_path
    )
    return cast(Plan, given)


def test_the_start_names_trials_keys_and_objectives(
    plan: Plan, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    study = optuna.create_study()
    log_start(plan, study)
    study.add_trial(optuna.trial.create_trial(value=0.5))
    log_start(plan, study)
    study.add_trials([optuna.trial.create_trial(value=0.5)] * 2)
    log_start(plan, study)
    assert caplog.messages[0] == "study s: 3 trials over optimizer.lr, loss, for the best accuracy"
    assert caplog.messages[1].startswith("study s: 3 trials, 1 of them done over ")
    assert caplog.messages[2].startswith("study s has its 3 trials already: ")


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_end_names_the_best_and_the_files(
    plan: Plan,
    content: SweepContent,
    caplog: pytest.LogCaptureFixture,
    is_whole: bool,
) -> None:
    caplog.set_level(logging.INFO)
    log_end(plan, content, is_whole=is_whole)
    assert content.best is not None
    assert "s: 16 complete, 6 pruned, 1 running, 3 failed" in caplog.text
    assert (
        f"best        trial {content.best.number}, accuracy {content.best.value:.4g}: "
        in caplog.text
    )
    assert ("resume      the same command" in caplog.text) is not is_whole
    for line in ("report ", "table ", "train best "):
        assert f"\n{line}" in caplog.text
