"""Simulated coverage: how often a 95 % interval holds the value for infinitely many images.

Every interval that is given must hold it in 92 to 98 % of random samples, or there must be none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from astroclf.evaluation.decisions.comparison import compare_decisions
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.fold_metrics import rank_in_folds
from astroclf.evaluation.metrics.label_metrics import (
    mean_with_intervals,
    score_labels_with_intervals,
)
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.metrics.vote_metrics import score_votes_with_intervals
from astroclf.evaluation.resampling import Resampling

pytestmark = pytest.mark.slow

SAMPLES = 400
RESAMPLES = 200
BINS = 15
LOWEST, HIGHEST = 0.92, 0.98
MARGIN = 0.013  # 1.2 standard errors of a coverage of 0.95 that is counted in 400 samples

Labels = tuple[np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class Population:
    """Images of K classes, alone or in groups, and the logits of a network.

    counts: expected images of each class in a sample. separation: of each class from the others, in
    units of the noise. n_groups: 0 for images alone. between_groups: standard deviation of what a
    group adds to all its logits. pure: whether all images of a group are of one class. sharpness:
    factor of the logits, above 1 for an overconfident network.
    """

    counts: tuple[int, ...]
    separation: tuple[float, ...]
    n_groups: int = 0
    between_groups: float = 0.0
    pure: bool = False
    sharpness: float = 1.0
    fixed_counts: bool = False

    @property
    def classes(self) -> list[str]:
        return [str(k) for k in range(len(self.counts))]

    def draw_targets(self, rng: np.random.Generator) -> Labels:
        """(N,) classes of a random sample, and the groups of its images."""
        n, shares = sum(self.counts), np.array(self.counts) / sum(self.counts)
        if self.n_groups == 0:
            if self.fixed_counts:
                return np.repeat(np.arange(len(shares)), self.counts), None
            return rng.choice(len(shares), n, p=shares), None
        groups = np.repeat(np.arange(self.n_groups), n // self.n_groups)
        if self.pure:
            return rng.choice(len(shares), self.n_groups, p=shares)[groups], groups
        return rng.choice(len(shares), len(groups), p=shares), groups

    def draw_logits(
        self, targets: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        logits = rng.normal(size=(len(targets), len(self.counts)))
        logits[np.arange(len(targets)), targets] += np.array(self.separation)[targets]
        if groups is not None:
            shape = (groups.max() + 1, len(self.counts))
            logits += rng.normal(0, self.between_groups, shape)[groups]
        return 1.6 * self.sharpness * logits

    def all_images(self) -> tuple[np.ndarray, np.ndarray]:
        """Logits and classes of 200,000 images in the same shares, each in a group of its own."""
        scale = 200_000 // sum(self.counts)
        targets = np.repeat(np.arange(len(self.counts)), np.array(self.counts) * scale)
        groups = np.arange(len(targets)) if self.n_groups else None
        return self.draw_logits(targets, groups, np.random.default_rng(99)), targets


class Tally:
    """Of each figure: samples in which it has an interval, and in which that holds the truth."""

    def __init__(self) -> None:
        self.given: dict[str, int] = defaultdict(int)
        self.holding: dict[str, int] = defaultdict(int)

    def add(self, name: str, figure: Any, truth: float) -> None:
        if figure["ci95"] is None:
            return
        low, high = figure["ci95"]
        assert low <= figure["value"] <= high, name
        self.given[name] += 1
        self.holding[name] += low <= truth <= high

    def coverage(self) -> dict[str, float]:
        """Of the figures that have an interval in half of the samples or more."""
        often = {name: n for name, n in self.given.items() if n >= SAMPLES / 2}
        return {name: round(self.holding[name] / n, 3) for name, n in often.items()}


def assert_coverage(coverage: dict[str, float], lowest: float = LOWEST, highest: float = HIGHEST):
    print(coverage)
    wrong = {
        name: share
        for name, share in coverage.items()
        if not lowest - MARGIN <= share <= highest + MARGIN
    }
    assert not wrong


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def score(p: np.ndarray, targets: np.ndarray, classes: list[str], resampling: Resampling) -> Scores:
    losses = -np.log(np.maximum(p[np.arange(len(targets)), targets], 1e-12))
    return score_labels_with_intervals(
        Predicted.most_probable(p), make_labels(targets, classes), losses, BINS, resampling
    )


def figures_of(scores: Scores) -> Iterator[tuple[str, Any]]:
    yield from scores.overall.items()
    for k, figures in scores.per_class.items():
        yield from ((f"{name} of {k}", each) for name, each in figures.items() if name != "n")


def coverage_of_scores(population: Population) -> dict[str, float]:
    logits, targets = population.all_images()
    classes, tally = population.classes, Tally()
    truth = dict(figures_of(score(softmax(logits), targets, classes, Resampling(0, 0))))
    for seed in range(SAMPLES):
        rng = np.random.default_rng(seed)
        targets, groups = population.draw_targets(rng)
        p = softmax(population.draw_logits(targets, groups, rng))
        for name, figure in figures_of(
            score(p, targets, classes, Resampling(RESAMPLES, seed, groups))
        ):
            tally.add(name, figure, truth[name]["value"])
    return tally.coverage()


IMAGES = {
    "two classes": Population((50, 50), (2, 2)),
    "3, 17 and 100 images": Population((3, 17, 100), (1, 1.5, 2.5)),
    "five classes, a rare one": Population((79, 29, 26, 13, 3), (3, 2.5, 2, 2, 1)),
    "a rare class that is hardly found": Population((265, 95, 86, 44, 20), (2.6, 2.3, 2, 2, -0.3)),
    "an overconfident network": Population((200, 100), (2.2, 1.2), sharpness=2.0),
}
GROUPS = {
    "10 groups": Population((50, 60, 90), (1.5, 2, 2.5), 10, 0.5),
    "30 groups": Population((60, 90, 150), (1.2, 2, 2.5), 30, 0.7),
    "100 groups": Population((100, 150, 250), (1.2, 2, 2.5), 100, 0.7),
    "60 groups of one class each": Population((150, 150, 300), (1.2, 2, 2.5), 60, 0.7, pure=True),
}


@pytest.mark.parametrize("case", IMAGES)
def test_intervals_of_images_alone(case):
    coverage = coverage_of_scores(IMAGES[case])
    assert {"accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier"} <= coverage.keys()
    assert "ece" not in coverage
    assert_coverage(coverage)


@pytest.mark.parametrize("case", GROUPS)
def test_intervals_of_groups(case):
    coverage = coverage_of_scores(GROUPS[case])
    assert {"accuracy", "balanced_accuracy", "macro_f1", "mcc", "roc_auc"} <= coverage.keys()
    assert_coverage(coverage)


def test_intervals_are_no_shorter_where_the_counts_of_the_classes_are_fixed():
    """As in a stratified split. They may be longer: the shares of the classes are not random."""
    population = Population((79, 29, 26, 13, 3), (3, 2.5, 2, 2, 1), fixed_counts=True)
    assert_coverage(coverage_of_scores(population), highest=1.0)


def coverage_of_gains(population: Population) -> dict[str, float]:
    """Of the labels that favor the second class, against the most probable ones."""
    factors = np.array([0.35, 0.65, 0.5][: len(population.counts)])

    def compare(p: np.ndarray, targets: np.ndarray, resampling: Resampling):
        cooler = p**1.3 / (p**1.3).sum(axis=1, keepdims=True)
        return compare_decisions(
            Predicted.most_probable(p),
            Predicted(cooler, (p * factors).argmax(axis=1)),
            make_labels(targets, population.classes),
            BINS,
            resampling,
        ).metrics

    logits, targets = population.all_images()
    truth, tally = compare(softmax(logits), targets, Resampling(0, 0)), Tally()
    for seed in range(SAMPLES):
        rng = np.random.default_rng(seed)
        targets, groups = population.draw_targets(rng)
        p = softmax(population.draw_logits(targets, groups, rng))
        for name, found in compare(p, targets, Resampling(RESAMPLES, seed, groups)).items():
            tally.add(f"gain in {name}", found.gain, truth[name].gain["value"])
    return tally.coverage()


@pytest.mark.parametrize(
    "population",
    [
        Population((150, 150), (1.5, 1.5)),
        Population((60, 90, 150), (1.2, 2, 2.5)),
        GROUPS["10 groups"],
        GROUPS["30 groups"],
        GROUPS["100 groups"],
    ],
    ids=["two classes", "three classes", "10 groups", "30 groups", "100 groups"],
)
def test_paired_gains(population):
    coverage = coverage_of_gains(population)
    assert {"gain in accuracy", "gain in macro_f1", "gain in brier"} <= coverage.keys()
    assert_coverage(coverage)


@pytest.mark.parametrize("n_groups", [0, 30])
def test_means_over_networks(n_groups):
    population = Population((60, 90, 150), (1.2, 2, 2.5), n_groups, 0.5 if n_groups else 0.0)

    def mean(targets, groups, resampling, rng):
        networks = [
            Predicted.most_probable(softmax(population.draw_logits(targets, groups, rng)))
            for _ in range(3)
        ]
        labels = make_labels(targets, population.classes)
        return mean_with_intervals(networks, labels, BINS, resampling)

    _, targets = population.all_images()
    own_groups = np.arange(len(targets)) if n_groups else None
    truth = mean(targets, own_groups, Resampling(0, 0), np.random.default_rng(99))
    tally = Tally()
    for seed in range(SAMPLES):
        rng = np.random.default_rng(seed)
        targets, groups = population.draw_targets(rng)
        for name, figure in mean(targets, groups, Resampling(RESAMPLES, seed, groups), rng).items():
            tally.add(name, figure, truth[name]["value"])
    coverage = tally.coverage()
    assert {"accuracy", "macro_f1", "mcc", "log_loss"} <= coverage.keys()
    assert_coverage(coverage)


def test_ranking_in_folds():
    """Ten networks of different calibration, each of the same quality."""
    tally, of_folds = Tally(), []
    for seed in range(SAMPLES):
        rng = np.random.default_rng(seed)
        targets, folds = rng.integers(0, 2, 300), np.arange(300) % 10
        z = rng.normal(size=300) + 2 * (targets - 0.5) + rng.normal(0, 0.7, 10)[folds]
        p_1 = 1 / (1 + np.exp(-z))
        p = np.stack([1 - p_1, p_1], axis=1)
        found = rank_in_folds(
            p, make_labels(targets, ["0", "1"]), folds, Resampling(RESAMPLES, seed)
        )
        tally.add("roc_auc", found["roc_auc"], 0.9214)  # of two normal distributions 2 apart
        of_folds.append(found["roc_auc"]["value"])
    assert np.mean(of_folds) == pytest.approx(0.9214, abs=0.003)
    assert_coverage(tally.coverage())


@pytest.mark.parametrize("n_groups", [0, 10, 30])
def test_figures_of_votes(n_groups):
    def draw(n, n_groups, rng):
        groups = np.repeat(np.arange(n_groups), n // n_groups) if n_groups else None
        votes = rng.beta(0.7, 0.7, (n, 3))
        errors = rng.normal(0, 0.15, (n, 3))
        if groups is not None:
            errors += rng.normal(0, 0.08, (n_groups, 3))[groups]
        predicted = 0.1 + 0.8 * votes + errors
        return predicted, votes, np.mean(errors**2, axis=1), groups

    predicted, votes, losses, _ = draw(
        200_000, 200_000 if n_groups else 0, np.random.default_rng(9)
    )
    answers = ["a", "b", "c"]
    truth = dict(
        figures_of(
            score_votes_with_intervals(
                Predicted(predicted, predicted > 0.5),
                make_labels(votes, answers),
                losses,
                BINS,
                Resampling(0, 0),
            )
        )
    )
    tally = Tally()
    for seed in range(SAMPLES):
        predicted, votes, losses, groups = draw(150, n_groups, np.random.default_rng(seed))
        resampling = Resampling(RESAMPLES, seed, groups)
        labels = make_labels(votes, answers)
        scores = score_votes_with_intervals(
            Predicted(predicted, predicted > 0.5), labels, losses, BINS, resampling
        )
        for name, figure in figures_of(scores):
            tally.add(name, figure, truth[name]["value"])
    coverage = tally.coverage()
    assert {"rmse", "r2", "bias of a"} <= coverage.keys()
    assert_coverage(coverage)
