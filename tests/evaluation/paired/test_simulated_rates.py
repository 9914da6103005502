"""Simulated coverage of the intervals of differences, and false-positive rates of their tests.

`pytest -m slow -s tests/evaluation/paired/test_simulated_rates.py` prints the rates that docs/comparing.md states.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.paired.comparison import Comparison, compare
from astroclf.evaluation.paired.contender import Contender, Measurement
from astroclf.evaluation.resampling import Resampling

pytestmark = pytest.mark.slow

SAMPLES, RESAMPLES, BINS = 400, 200, 15
CLASSES = ("galaxy", "quasar", "star")
LEVEL = 0.05
MARGIN = 2.6 * np.sqrt(LEVEL * (1 - LEVEL) / SAMPLES)  # 99 % of the counted rates


@dataclass(frozen=True)
class Sky:
    """Images of three classes, and the models that label them.

    separation: of the logits of each model. n_groups: 0 for independent images; else images of one group
    share an error of each model. seeds: trainings of each model; of_seeds: their standard deviation in
    separation.
    """

    separation: tuple[float, ...]
    n: int = 300
    n_groups: int = 0
    seeds: int = 1
    of_seeds: float = 0.0

    def compare(self, rng: np.random.Generator, seed: int, n: int | None = None) -> Comparison:
        """Compare the models on a sample of images; n: 0 resamples for a sample of another size."""
        size = n or self.n
        targets = rng.choice(3, size, p=[0.5, 0.2, 0.3])
        n_groups = 0 if n else self.n_groups
        groups = np.arange(size) % n_groups if n_groups else None
        members = np.arange(size) if groups is None else groups
        image = rng.normal(size=(size, 3))
        contenders = []
        for number, separation in enumerate(self.separation):
            of_group = rng.normal(size=(size, 3))[members] * (1.5 if self.n_groups else 0)
            own = image + 0.5 * rng.normal(size=(size, 3)) + of_group
            networks = []
            for _ in range(self.seeds):
                strength = separation + rng.normal(0, self.of_seeds)
                logits = own + 0.5 * rng.normal(size=(size, 3)) + strength * np.eye(3)[targets]
                p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
                networks.append(Predicted.most_probable(p))
            contenders.append(Contender(str(number), networks))
        labels = make_labels(targets, CLASSES, groups)
        resampling = Resampling(0 if n else RESAMPLES, seed, groups)
        return compare(contenders, labels, np.arange(size), Measurement(BINS, resampling))


def truths(sky: Sky) -> dict[str, float]:
    """Return the difference of each metric in 20,000 images, mean over 32 sets of them and of seeds."""
    several = [sky.compare(np.random.default_rng([9, k]), 0, 20_000).pairs[0] for k in range(32)]
    return {
        each.metric: float(np.mean([pair.of(each.metric).value for pair in several]))
        for each in several[0].overall
    }


def measure(sky: Sky) -> tuple[dict[str, float], dict[str, float]]:
    """Return metric -> coverage of the interval, and metric -> rate of p-values of 0.05 or less."""
    truth = truths(sky) if len(set(sky.separation)) > 1 else defaultdict(float)
    covered: dict[str, list[bool]] = defaultdict(list)
    rejected: dict[str, list[bool]] = defaultdict(list)
    for seed in range(SAMPLES):
        comparison = sky.compare(np.random.default_rng(seed), seed)
        for each in comparison.pairs[0].overall:
            if each.ci95 is not None:
                low, high = each.ci95
                covered[each.metric].append(low <= truth[each.metric] <= high)
            if each.p_value is not None:
                rejected[each.metric].append(each.p_value <= LEVEL)
        discordance = comparison.pairs[0].discordance
        if discordance is not None:
            rejected["McNemar"].append(discordance.p_value() <= LEVEL)
        adjusted = [
            e.p_holm for pair in comparison.pairs for e in pair.overall if e.p_holm is not None
        ]
        rejected["any after Holm"].append(min(adjusted) <= LEVEL)
    return _rates(covered), _rates(rejected)


def _rates(found: dict[str, list[bool]]) -> dict[str, float]:
    return {name: round(float(np.mean(each)), 3) for name, each in found.items()}


def show(title: str, rates: dict[str, float]) -> None:
    print(f"\n{title}: {', '.join(f'{name} {rate:.3f}' for name, rate in rates.items())}")


@pytest.mark.parametrize("n_groups", [0, 30])
def test_intervals_hold_the_difference_of_unequal_models(n_groups: int) -> None:
    coverage, _ = measure(Sky((1.6, 2.0), n_groups=n_groups))
    show(f"coverage, {n_groups} groups", coverage)
    assert {"accuracy", "macro_f1", "roc_auc", "log_loss"} <= coverage.keys()
    assert min(coverage.values()) >= 0.92
    assert max(coverage.values()) <= 0.985


@pytest.mark.parametrize("n_groups", [0, 30])
def test_equal_models_are_called_different_in_5_percent_of_samples(n_groups: int) -> None:
    _, rejected = measure(Sky((1.8, 1.8), n_groups=n_groups))
    show(f"false positives, {n_groups} groups", rejected)
    mcnemar = rejected.pop("McNemar")
    assert max(rejected.values()) <= 0.08
    if n_groups:
        assert mcnemar > LEVEL + MARGIN  # it assumes independent images
    else:
        assert mcnemar == rejected["accuracy"] <= LEVEL + MARGIN


@pytest.mark.parametrize("n_groups", [0, 30])
def test_holm_bounds_the_rate_of_any_false_positive_of_three_models(n_groups: int) -> None:
    _, rejected = measure(Sky((1.8, 1.8, 1.8), n_groups=n_groups))
    show(f"three equal models, {n_groups} groups", {"any": rejected["any after Holm"]})
    assert rejected["any after Holm"] <= LEVEL + MARGIN


@pytest.mark.parametrize("of_seeds", [0.0, 0.15])
def test_intervals_over_three_seeds_hold_the_difference(of_seeds: float) -> None:
    coverage, _ = measure(Sky((1.6, 2.0), seeds=3, of_seeds=of_seeds))
    show(f"coverage, 3 seeds with spread {of_seeds}", coverage)
    assert min(coverage.values()) >= 0.92
