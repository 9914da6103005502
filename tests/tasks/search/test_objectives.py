from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.settings.metrics import COSTS
from astroclf.tasks.search.objectives import better, read_directions, read_objectives

Build = Callable[..., Settings]
VOTES = ("dataset.target=votes", "loss=mse")


@pytest.mark.parametrize(
    ("overrides", "objectives"),
    [
        ((), ("loss",)),
        (("trainer.monitor=macro_f1",), ("macro_f1",)),
        (("trainer.monitor=loss", "search.objective=accuracy"), ("accuracy",)),
        (("search.objective=[accuracy,parameters]",), ("accuracy", "parameters")),
        ((*VOTES, "search.objective=rmse"), ("rmse",)),
    ],
)
def test_the_objective_defaults_to_the_monitored_metric(
    settings: Build, overrides: tuple[str, ...], objectives: tuple[str, ...]
) -> None:
    assert read_objectives(settings(*overrides)) == objectives


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ("search.objective=rmse",),
            "search.objective=rmse is not measured by trials. Choose among loss, accuracy,",
        ),
        (
            (*VOTES, "search.objective=[loss,accuracy]"),
            "search.objective=accuracy is not measured by trials. Choose among loss, rmse,",
        ),
        (("search.objective=[loss,loss]",), "search.objective=['loss', 'loss'] names one"),
    ],
)
def test_an_unmeasured_objective_is_refused(
    settings: Build, overrides: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_objectives(settings(*overrides))
    assert str(refused.value).startswith(sentence)


def test_objective_directions_are_those_of_the_metric_records() -> None:
    assert [better(name) for name in ("accuracy", "mcc", "r2")] == ["maximize"] * 3
    assert [better(name) for name in ("loss", "ece", "rmse")] == ["minimize"] * 3


def test_costs_are_minimized_except_speed() -> None:
    assert {name for name in COSTS if better(name) == "maximize"} == {"images_per_s"}


BOTH = ("accuracy", "parameters")


@pytest.mark.parametrize(
    ("objectives", "wanted", "directions"),
    [
        (("accuracy",), None, ["maximize"]),
        (("loss",), None, ["minimize"]),
        (("loss",), "minimize", ["minimize"]),
        (("loss",), ["minimize"], ["minimize"]),
        (BOTH, None, ["maximize", "minimize"]),
        (BOTH, ["maximize", "minimize"], ["maximize", "minimize"]),
    ],
)
def test_directions_are_the_better_ones(
    objectives: tuple[str, ...], wanted: str | list[str] | None, directions: list[str]
) -> None:
    assert read_directions(objectives, wanted) == directions


@pytest.mark.parametrize(
    ("objectives", "wanted", "sentence"),
    [
        (("accuracy",), "minimize", "direction=minimize would look for the worst accuracy: write maximize"),
        (BOTH, ["minimize", "minimize"], "direction=[minimize,minimize] would look for the worst accuracy"),
        (BOTH, ["maximize", "maximize"], "would look for the worst parameters: write minimize"),
        (BOTH, "maximize", "direction=maximize and the objectives (accuracy, parameters) differ in number"),
        (("loss",), ["minimize"] * 2, "direction=[minimize,minimize] and the objectives (loss) differ"),
        (("loss",), "down", "direction=down"),
    ],
)  # fmt: skip
def test_a_direction_that_does_not_fit_is_refused(
    objectives: tuple[str, ...], wanted: str | list[str], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_directions(objectives, wanted)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
