"""Samplers and pruners of a user's own, and those of Optuna by their import path."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf

from astroclf.errors import UserError
from astroclf.sweep.nodes import NODES, PRUNERS, SAMPLERS, Kind
from astroclf.sweep.pruners import make_pruner
from astroclf.sweep.samplers import make_sampler
from astroclf.sweep.space.space import Space
from astroclf.sweep.targets import chosen_node, target_name
from fixtures.own_sampler import Corner, Impatient

SPACE = Space((), {})
OWN = "fixtures.own_sampler"


def chosen(kind: Kind, choice: str, *overrides: str, **changes: Any) -> dict[str, Any]:
    """The node of `hydra/sweeper/<kind>=<choice>` with these changes, and what the user typed."""
    hydra = {
        "sweeper": {kind: {**NODES[kind].get(choice, {}), **changes}},
        "runtime": {"choices": {f"hydra/sweeper/{kind}": choice}},
        "overrides": {"hydra": list(overrides)},
    }
    return chosen_node(kind, OmegaConf.create(hydra))


@pytest.mark.parametrize(("kind", "choice"), [(k, name) for k in NODES for name in NODES[k]])
def test_a_choice_is_its_node(kind: Kind, choice: str) -> None:
    assert chosen(kind, choice) == NODES[kind][choice]


def test_another_target_drops_the_defaults_of_the_choice() -> None:
    node = chosen("sampler", "tpe", _target_=f"{OWN}.Corner", share=0.1)
    assert node == {"_target_": f"{OWN}.Corner", "share": 0.1}


def test_another_target_keeps_typed_options() -> None:
    typed = "hydra.sweeper.sampler.n_startup_trials=8"
    node = chosen("sampler", "tpe", typed, _target_="optuna.samplers.GPSampler")
    assert node == {"_target_": "optuna.samplers.GPSampler", "n_startup_trials": 8}


def test_a_file_of_the_user_is_its_node() -> None:
    own = {"_target_": f"{OWN}.Corner", "seed": 0}
    assert chosen("sampler", "mine", **own) == own


def test_an_own_sampler_gets_its_arguments_and_the_seed_of_the_trial() -> None:
    made = make_sampler({"_target_": f"{OWN}.Corner", "share": 0.1, "seed": 4}, SPACE, seed=7)
    assert isinstance(made, Corner)
    assert (made.share, made.seed) == (0.1, 7)


def test_an_own_pruner_gets_its_arguments() -> None:
    made = make_pruner({"_target_": f"{OWN}.Impatient", "epochs": 3})
    assert isinstance(made, Impatient)
    assert made.epochs == 3


def test_nested_targets_are_made_first() -> None:
    node = {
        "_target_": "optuna.pruners.PatientPruner",
        "patience": 2,
        "wrapped_pruner": PRUNERS["hyperband"],
    }
    assert isinstance(make_pruner(node), optuna.pruners.PatientPruner)
    base = {"_target_": f"{OWN}.Corner", "share": 0.2}
    made: Any = make_sampler({"_target_": f"{OWN}.wrapped", "base": base}, SPACE, seed=7)
    assert made.share == 0.2


def test_the_class_of_a_choice_is_that_choice() -> None:
    node = chosen("sampler", "tpe", _target_="optuna.samplers.QMCSampler")
    assert target_name("sampler", node) == "qmc"
    assert target_name("sampler", {"_target_": f"{OWN}.Corner"}) == f"{OWN}.Corner"

    def draws(node: Mapping[str, Any]) -> list[float]:
        study = optuna.create_study(study_name="same", sampler=make_sampler(node, SPACE, seed=3))
        return [study.ask().suggest_float("x", 0, 1) for _ in range(4)]

    assert draws(node) == draws(SAMPLERS["qmc"])


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        (
            {"_target_": "optuna.samplers.QMCSamplerr"},
            "hydra.sweeper.sampler._target_=optuna.samplers.QMCSamplerr: it cannot be imported (module 'optuna.samplers' "
            "has no attribute 'QMCSamplerr'). Give the import path of a sampler, such as optuna.samplers.TPESampler, or "
            "choose hydra/sweeper/sampler=<name> among tpe, random, cmaes, grid, qmc, nsgaii, gp.",
        ),
        (
            {"_target_": "nowhere.Sampler"},
            "hydra.sweeper.sampler._target_=nowhere.Sampler: it cannot be imported (No module named 'nowhere'). ",
        ),
        (
            {},
            "hydra.sweeper.sampler._target_=None: it cannot be imported (No module named 'None'). ",
        ),
        (
            {"_target_": f"{OWN}.NUMBER"},
            f"hydra.sweeper.sampler._target_={OWN}.NUMBER: it is no class or function. ",
        ),
        (
            {"_target_": f"{OWN}.Impatient", "epochs": 3},
            f"hydra.sweeper.sampler._target_={OWN}.Impatient is no sampler of Optuna: it makes a Impatient.",
        ),
        (
            {"_target_": f"{OWN}.Corner", "shares": 3},
            f"hydra.sweeper.sampler.shares is not an argument of {OWN}.Corner: did you mean share?",
        ),
        (
            {"_target_": f"{OWN}.broken"},
            f"hydra.sweeper.sampler._target_={OWN}.broken cannot be made: no licence found.",
        ),
        (
            {"_target_": f"{OWN}.wrapped", "base": {"_target_": f"{OWN}.broken"}},
            f"hydra.sweeper.sampler._target_={OWN}.wrapped cannot be made: no licence found.",
        ),
        (
            {"_target_": "optuna.samplers.TPESampler", "gamma": 3, "n_ei_candidate": 3},
            "hydra.sweeper.sampler.n_ei_candidate is not an argument of tpe: did you mean n_ei_candidates?",
        ),
    ],
)
def test_a_target_that_cannot_be_made_is_refused(
    node: dict[str, Any], sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UserError) as refused:
        make_sampler(node, SPACE, 0)
    assert str(refused.value).startswith(sentence)
    assert str(refused.value)[-1] in ".?"
    assert not caplog.records


def test_a_sampler_of_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sampler_beside.py").write_text(
        "from optuna.samplers import RandomSampler\n\n\nclass Beside(RandomSampler): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    made = make_sampler({"_target_": "sampler_beside.Beside"}, SPACE, seed=7)
    assert type(made).__name__ == "Beside"
