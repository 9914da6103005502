from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.sweep.nodes import PRUNERS
from astroclf.sweep.pruners import make_pruner
from astroclf.sweep.space.read import read_space
from astroclf.tasks.search.space import is_single, n_steps, pruner_overrides, require_steps

Build = Callable[..., Settings]


@pytest.mark.parametrize(
    ("overrides", "params", "steps"),
    [
        (("trainer.epochs=26",), {}, 26),
        (("trainer.epochs=26", "seeds=[1,2]"), {}, 2),
        (("task=crossval", "folds=4"), {}, 4),
        ((), {"trainer.epochs": "range(2, 31)"}, 30),
        ((), {"trainer.epochs": "8,27"}, 27),
    ],
)
def test_the_resource_of_hyperband_is_the_number_of_steps_of_the_longest_trial(
    settings: Build, overrides: tuple[str, ...], params: dict[str, str], steps: int
) -> None:
    space = read_space(params, None, [], lambda key: None)
    assert n_steps(settings(*overrides), space) == steps


@pytest.mark.parametrize(
    ("overrides", "expected"), [((), True), (("seeds=[1,2]",), False), (("task=crossval",), False)]
)
def test_a_trial_is_one_training_unless_it_has_folds_or_seeds(
    settings: Build, overrides: tuple[str, ...], expected: bool
) -> None:
    assert is_single(settings(*overrides)) is expected


def test_hyperband_alone_gets_its_resource(settings: Build) -> None:
    space, chosen = read_space({}, None, [], lambda key: None), settings("trainer.epochs=7")
    resource = pruner_overrides(PRUNERS["hyperband"], chosen, space)
    assert resource == ("++hydra.sweeper.pruner.max_resource=7",)
    assert (
        pruner_overrides({"_target_": "optuna.pruners.HyperbandPruner"}, chosen, space) == resource
    )
    assert pruner_overrides({**PRUNERS["hyperband"], "max_resource": 3}, chosen, space) == ()
    assert pruner_overrides(PRUNERS["median"], chosen, space) == ()


def test_wilcoxon_needs_folds(settings: Build) -> None:
    node = PRUNERS["wilcoxon"]
    require_steps(make_pruner(node), node, settings("seeds=[1,2]"))
    with pytest.raises(
        UserError, match=r"^hydra/sweeper/pruner=wilcoxon compares trials fold by fold"
    ):
        require_steps(make_pruner(node), node, settings())
