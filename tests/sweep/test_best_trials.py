from __future__ import annotations

import math

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.sweep.best_trials import is_among_best


def study_with(values: list[float], direction: str) -> optuna.storages.BaseStorage:
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(study_name="study", storage=storage, direction=direction)
    study.add_trials([optuna.trial.create_trial(value=value) for value in values])
    return storage


@pytest.mark.parametrize(
    ("direction", "value", "expected"),
    [("maximize", 0.5, True), ("maximize", 0.3, True), ("maximize", 0.2, False), ("minimize", 0.2, True), ("minimize", 0.6, False)],
)  # fmt: skip
def test_a_value_is_among_the_best_two(direction: str, value: float, expected: bool) -> None:
    storage = study_with([0.1, 0.3, 0.4], direction)
    assert is_among_best(value, 2, "study", storage) is expected


def test_nothing_is_among_the_best_none_and_nan_is_among_no_best() -> None:
    storage = study_with([], "maximize")
    assert is_among_best(1.0, 1, "study", storage)
    assert not is_among_best(1.0, 0, "study", storage)
    assert not is_among_best(math.nan, 1, "study", storage)


@given(st.lists(st.floats(0, 1), max_size=8), st.integers(1, 4))
def test_the_best_of_all_trials_were_among_the_best_when_they_ended(
    values: list[float], n_best: int
) -> None:
    kept = {
        number
        for number, value in enumerate(values)
        if is_among_best(value, n_best, "study", study_with(values[:number], "maximize"))
    }
    ranked = sorted(range(len(values)), key=lambda number: (-values[number], number))
    assert set(ranked[:n_best]) <= kept
