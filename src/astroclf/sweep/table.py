"""Table of all trials as a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from astroclf.files import write_csv
from astroclf.sweep.content import SweepContent, time_s


def write_trials(path: Path, content: SweepContent) -> None:
    """Write or replace trials.csv, atomically.

    Columns are named as those of Optuna's `trials_dataframe`: `number`, `state`, `value` (or
    `value_<objective>`, if there are several), `params_<parameter>`; then `folder`, `time_s`,
    `epochs` and `reason`. As there, a pruned trial has its last reported value. Cells
    without a value are empty; a parameter with the value None is `null`.
    """
    several = len(content.objectives) > 1
    names = [f"value_{name}" if several else "value" for name in content.objectives]
    searched = [parameter.name for parameter in content.parameters]
    header = ["number", "state", *names, *(f"params_{name}" for name in searched)]
    rows = []
    for trial in content.trials:
        values = [content.value(trial, index) for index in range(len(content.objectives))]
        chosen = [_cell(trial, name) for name in searched]
        rows.append([trial.number, trial.state.name, *values, *chosen, *_remarks(trial)])
    write_csv(path, [*header, "folder", "time_s", "epochs", "reason"], rows)


def _cell(trial: FrozenTrial, parameter: str) -> Any:
    if parameter not in trial.params:
        return ""
    value = trial.params[parameter]
    return "null" if value is None else value


def _remarks(trial: FrozenTrial) -> list[Any]:
    attributes, taken_s = trial.user_attrs, time_s(trial)
    return [
        attributes.get("folder"),
        None if taken_s is None else round(taken_s, 3),
        attributes.get("epochs"),
        attributes.get("reason"),
    ]
