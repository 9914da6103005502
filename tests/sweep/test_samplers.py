from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from astroclf.errors import UserError
from astroclf.sweep.nodes import SAMPLERS
from astroclf.sweep.samplers import make_sampler, trial_seed
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space


def space(params: Mapping[str, Any], where: Mapping[str, Any] | None = None) -> Space:
    return read_space(params, where, [], lambda key: None)


# One dimension of each kind.
SPACE = space(
    {
        "lr": "tag(log, interval(1e-4, 1e-1))",
        "decay": "interval(0, 1)",
        "rank": "range(1, 9)",
        "units": "tag(log, int(interval(8, 64)))",
        "dropout": "range(0, 0.6, 0.1)",
        "loss": "ce,focal",
        "widths": "[8],[8,16],null",
    },
    {"loss=focal": {"gamma": "interval(0.5, 3)"}},
)
GRID = space({"rank": "range(1, 3)", "dropout": "range(0, 0.3, 0.1)", "widths": "[8],null"})


def cost(params: Mapping[str, Any]) -> float:
    return float(math.log10(params.get("lr", 1.0)) ** 2 + params["dropout"] + params["rank"])


def run_trials(name: str, searched: Space, n_trials: int = 12, **options: Any) -> optuna.Study:
    """Ask and tell with a new sampler for each trial, as a sweep of many processes does."""
    study = optuna.create_study()
    for number in range(n_trials):
        study.sampler = make_sampler({**SAMPLERS[name], **options}, searched, seed=number)
        trial = study.ask()
        params = searched.suggest(trial)
        assert params == trial.params
        try:
            study.tell(trial, cost(params))
        except RuntimeError:
            assert name == "grid"
            assert number == searched.grid_size - 1
    return study


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_new_sampler_for_each_trial_searches_every_kind_of_dimension(name: str) -> None:
    searched = GRID if name == "grid" else SPACE
    options = {"n_startup_trials": 10} if name == "gp" else {}  # it takes its time for the others
    trials = run_trials(name, searched, **options).trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 12
    assert len({str(trial.params) for trial in trials}) == 12
    losses = {trial.params.get("loss") for trial in trials}
    assert losses == ({None} if name == "grid" else {"ce", "focal"})
    for trial in trials:
        assert trial.distributions.items() <= searched.dimensions.items()
        assert ("gamma" in trial.params) == (trial.params.get("loss") == "focal")


@pytest.mark.parametrize("name", sorted(SAMPLERS.keys() - {"grid", "gp"}))
def test_the_seed_of_a_trial_determines_its_parameters(name: str) -> None:
    first, again = (run_trials(name, SPACE, 6).trials for _ in range(2))
    assert [trial.params for trial in first] == [trial.params for trial in again]


def test_a_grid_is_searched_whole_and_once() -> None:
    values = {str(sorted(trial.params.items())) for trial in run_trials("grid", GRID).trials}
    assert len(values) == GRID.grid_size == 12


def test_trials_share_the_sequence_of_quasi_monte_carlo() -> None:
    numbers = space({"x": "interval(0, 1)", "y": "interval(0, 1)"})
    study = optuna.create_study()
    for number in range(17):
        study.sampler = make_sampler(SAMPLERS["qmc"], numbers, seed=number)
        params = numbers.suggest(trial := study.ask())
        study.tell(trial, params["x"])
    # The first trial knows no space. Then, of 16 points of a Sobol sequence, one lies in each 16th.
    for key in ("x", "y"):
        assert sorted(int(16 * trial.params[key]) for trial in study.trials[1:]) == list(range(16))


def test_tpe_learns_from_trials_that_other_samplers_made() -> None:
    line = space({"lr": "tag(log, interval(1e-4, 1e4))", "dropout": "range(0, 1, 0.5)", "rank": 3})

    def median(name: str) -> float:
        study = optuna.create_study()
        for number in range(40):
            study.sampler = make_sampler(SAMPLERS[name], line, seed=number)
            params = line.suggest(trial := study.ask())
            study.tell(trial, cost({**params, "rank": 0}))
        return sorted(trial.value or 0.0 for trial in study.trials[20:])[10]

    assert median("tpe") < 0.5 * median("random")


@pytest.mark.parametrize("name", SAMPLERS)
def test_making_a_sampler_is_cheap_and_quiet(name: str) -> None:
    searched = GRID if name == "grid" else SPACE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start_s = time.process_time()
        for seed in range(20):
            make_sampler(SAMPLERS[name], searched, seed)
    assert (time.process_time() - start_s) / 20 < 0.01


@pytest.mark.parametrize(
    "options",
    [{"with_margin": True}, {"use_separable_cma": True}, {"consider_pruned_trials": True}],
)
def test_experimental_options_of_cmaes_are_quiet(options: dict[str, Any]) -> None:
    assert len(run_trials("cmaes", SPACE, **options).trials) == 12


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        (
            "tpe",
            {"n_startup_trial": 3},
            "hydra.sweeper.sampler.n_startup_trial is not an argument of tpe: did you mean n_startup_trials?",
        ),
        (
            "tpe",
            {"n_startup_trials": "few"},
            "hydra.sweeper.sampler.n_startup_trials=few does not fit: it should be a whole number from 0 to 4294967295.",
        ),
        (
            "tpe",
            {"seed": None},
            "seed=None does not fit: it should be a whole number from 0 to 4294967295.",
        ),
        (
            "tpe",
            {"multivariate": 1},
            "multivariate=1 does not fit: it should be true or false.",
        ),
        ("nsgaii", {"crossover_prob": -0.5}, "it should be a number from 0 to 4294967295."),
        (
            "nsgaii",
            {"population_size": 1},
            "hydra/sweeper/sampler=nsgaii cannot be made: `population_size` must be greater than or equal",
        ),
        ("qmc", {"qmc_type": "grid"}, "hydra/sweeper/sampler=qmc cannot be made: "),
        (
            "grid",
            {},
            "hydra/sweeper/sampler=grid cannot list lr=tag(log, interval(0.0001, 0.1)): ",
        ),
    ],
)
def test_a_sampler_that_cannot_be_made_is_refused(
    name: str, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        make_sampler({**SAMPLERS[name], **changes}, SPACE, 0)
    assert sentence in str(refused.value)
    assert str(refused.value)[-1] in ".?"


def test_options_left_out_have_their_defaults() -> None:
    assert make_sampler({"_target_": SAMPLERS["tpe"]["_target_"]}, SPACE, 0)._n_startup_trials == 8  # type: ignore[attr-defined]


def draws(name: str, seed: int, n_trials: int = 12) -> list[tuple[Any, ...]]:
    """The points of a search with that seed, drawn as a search draws them."""
    searched = space({"lr": "tag(log, interval(1e-4, 1e-2))", "dropout": "interval(0, 0.5)"})
    study = optuna.create_study()
    for _ in range(n_trials):
        trial = study.ask()
        study.sampler = make_sampler(SAMPLERS[name], searched, trial_seed(seed, trial.number))
        params = searched.suggest(trial)
        study.tell(trial, params["dropout"])
    return [tuple(trial.params.values()) for trial in study.trials]


@pytest.mark.parametrize("name", ["random", "tpe", "cmaes"])
def test_searches_with_neighboring_seeds_share_no_trial(name: str) -> None:
    points = [set(draws(name, seed)) for seed in (0, 1, 2)]
    assert not points[0] & points[1]
    assert not points[0] & points[2]
    assert len(points[0]) == 12


def test_seeds_of_trials_are_distinct_and_in_range() -> None:
    seeds = {trial_seed(seed, number) for seed in range(30) for number in range(30)}
    assert len(seeds) == 900
    assert min(seeds) >= 0
    assert max(seeds) < 2**32


def test_a_seed_that_numpy_cannot_take_is_refused() -> None:
    with pytest.raises(UserError, match=r"hydra.sweeper.sampler.seed=4294967296 does not fit"):
        make_sampler({**SAMPLERS["random"], "seed": 2**32}, SPACE, seed=0)
