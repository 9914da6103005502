from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution

from astroclf.sweep.content import SweepContent
from astroclf.tasks.search.replicates import unused_seeds

SEED = IntDistribution(0, 9)
SEEDS = CategoricalDistribution(["[0,1]", "[4,5]"])


def content(*trials: tuple[dict[str, Any], dict[str, Any]]) -> SweepContent:
    made = [
        optuna.trial.create_trial(value=0.5, params=params, distributions=distributions)
        for params, distributions in trials
    ]
    return SweepContent("study", "", ("accuracy",), ("maximize",), made, {})


@pytest.mark.parametrize(
    ("overrides", "trials", "seeds"),
    [
        ((), [({}, {})], [1, 2, 3]),
        (("seed=2",), [({}, {})], [0, 1, 3]),
        (("seeds=[0,2]",), [({}, {})], [1, 3, 4]),
        ((), [({"seed": 1}, {"seed": SEED}), ({"seed": 3}, {"seed": SEED})], [2, 4, 5]),
        ((), [({"seeds": "[4,5]"}, {"seeds": SEEDS})], [1, 2, 3]),
        ((), [({"seeds": "[0,1]"}, {"seeds": SEEDS})], [2, 3, 4]),
    ],
)
def test_replicates_use_seeds_that_no_trial_used(
    settings: Callable[..., Any], overrides: tuple[str, ...], trials: list[Any], seeds: list[int]
) -> None:
    chosen = settings("search.replicates=3", *overrides)
    assert unused_seeds(chosen, content(*trials)) == seeds
