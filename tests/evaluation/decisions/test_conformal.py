"""Conformal prediction sets: thresholds by hand, and coverage in simulations."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from astroclf.evaluation.decisions.conformal import (
    PredictionSets,
    conformal_quantile,
    fewest_units,
    fit_prediction_sets,
    group_shares,
    notes_of_small_classes,
)


def posterior(truth: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(N, K) probabilities from a noisy measurement of the class."""
    odds = np.exp(2 * np.eye(noise.shape[1])[truth] + noise)
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n", [9, 19, 20, 57, 200])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_quantile_of_independent_images_is_the_order_statistic(n: int, level: float) -> None:
    scores = np.random.default_rng(n).random(n)
    rank = math.ceil(round(level * (n + 1), 9))
    expected = np.sort(scores)[rank - 1] if rank <= n else 1.0
    assert conformal_quantile(scores, None, level) == expected


def test_quantile_of_groups_by_hand() -> None:
    """Groups of 1, 2 and 4 images: 1/4 each, of which an image has 1/4, 1/8 or 1/16."""
    scores = np.array([0.9, 0.1, 0.8, 0.2, 0.3, 0.4, 0.5])
    groups = np.array(["a", "b", "b", "c", "c", "c", "c"])
    shares, n_groups = group_shares(7, groups)
    assert (shares.tolist(), n_groups) == ([1, 0.5, 0.5, *[0.25] * 4], 3)
    # Cumulative: 0.1 -> 2/16, 0.2 -> 3/16, ... 0.5 -> 6/16, 0.8 -> 8/16, 0.9 -> 12/16.
    for level, expected in ((0.12, 0.1), (0.3, 0.4), (0.5, 0.8), (0.75, 0.9), (0.76, 1.0)):
        assert conformal_quantile(scores, groups, level) == expected


def test_groups_of_one_image_are_independent_images() -> None:
    scores = np.random.default_rng(0).random(60)
    for level in (0.6, 0.9, 0.95):
        alone = conformal_quantile(scores, np.arange(60), level)
        assert alone == conformal_quantile(scores, None, level)


@pytest.mark.parametrize(("level", "n"), [(0.9, 9), (0.95, 19), (0.99, 99), (0.8, 4)])
def test_fewest_images_for_a_level(level: float, n: int) -> None:
    assert fewest_units(level) == n
    scores = np.linspace(0.1, 0.2, n)
    assert conformal_quantile(scores, None, level) == pytest.approx(0.2)
    assert conformal_quantile(scores[1:], None, level) == 1


def test_a_class_with_too_few_images_is_in_every_set() -> None:
    probabilities = np.tile([0.9, 0.1], (30, 1))
    targets = np.repeat([0, 1], [28, 2])
    fitted = fit_prediction_sets(probabilities, targets, None, 0.9)
    assert fitted.thresholds == (pytest.approx(0.1), 1.0)
    assert fitted.sets(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist() == [[True, True], [False, True]]
    (note,) = notes_of_small_classes(fitted, targets, None, ("galaxy", "star"))
    assert note == (
        "Prediction sets at 0.9 need 9 validation images of a class: with fewer, star (2) is in every set."
    )
    assert "groups" in notes_of_small_classes(fitted, targets, targets, ("galaxy", "star"))[0]


def test_a_set_may_be_empty() -> None:
    assert not PredictionSets(0.9, (0.2, 0.3)).sets(np.array([[0.5, 0.5]])).any()


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_coverage_of_each_class_is_the_level(level: float) -> None:
    """Over 2,000 draws of 150 calibration images and one new image of each class."""
    rng, k, n, draws = np.random.default_rng(1), 3, 150, 2000
    hits = np.zeros(k)
    for _ in range(draws):
        targets = np.append(rng.choice(k, n, p=[0.5, 0.3, 0.2]), range(k))
        p = posterior(targets, rng.normal(size=(n + k, k)))
        fitted = fit_prediction_sets(p[:n], targets[:n], None, level)
        hits += fitted.sets(p[n:])[range(k), range(k)]
    low = binom.ppf(0.001, draws, level)
    # At most level + 1 / (n_k + 1) for scores without ties, with about 30 images of the rarest class.
    high = binom.ppf(0.999, draws, level + 1 / 20)
    assert np.all((hits >= low) & (hits <= high))


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_coverage_of_new_groups_is_the_level(level: float) -> None:
    """Groups share a disturbance and differ in size: an ordinary quantile would cover too few."""
    rng, n_groups, draws = np.random.default_rng(2), 30, 1500
    hits = {"by group": 0, "by image": 0}
    for _ in range(draws):
        disturbed = rng.normal(size=n_groups + 1) * 1.5
        # Undisturbed groups are large, so that images of hard ones are few.
        sizes = np.where(disturbed > 0.5, 1, 40)
        groups = np.repeat(np.arange(n_groups + 1), sizes)
        scores = 1 / (1 + np.exp(-disturbed[groups] - 0.2 * rng.normal(size=len(groups))))
        known, new = groups < n_groups, rng.choice(np.flatnonzero(groups == n_groups))
        for name, given_groups in (("by group", groups[known]), ("by image", None)):
            hits[name] += scores[new] <= conformal_quantile(scores[known], given_groups, level)
    low, high = binom.ppf([0.001, 0.999], draws, [level, level + 1 / (n_groups + 1)])
    assert low <= hits["by group"] <= high
    assert hits["by image"] < low


@given(st.integers(1, 40), st.integers(2, 5), st.booleans(), st.floats(0.51, 0.99))
def test_thresholds_and_sets_have_the_shapes_of_their_inputs(
    n: int, k: int, grouped: bool, level: float
) -> None:
    rng = np.random.default_rng(n)
    probabilities = rng.dirichlet(np.ones(k), n)
    targets, groups = rng.integers(k, size=n), rng.integers(4, size=n) if grouped else None
    fitted = fit_prediction_sets(probabilities, targets, groups, level)
    assert len(fitted.thresholds) == k
    assert all(0 <= threshold <= 1 for threshold in fitted.thresholds)
    sets = fitted.sets(probabilities)
    assert (sets.shape, sets.dtype) == ((n, k), bool)
    stricter = fit_prediction_sets(probabilities, targets, groups, 0.5)
    assert np.all(np.array(fitted.thresholds) >= stricter.thresholds)
    assert sets[np.arange(n), targets].mean() >= 0.5


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, classes and fields of real cutouts, from a regression on those of other fields."""
    folder = shared_data / "star_galaxy_sdss"
    with (folder / "index.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))[::2]
    images = [cv2.imread(str(folder / row["path"]))[45:75, 45:75] for row in rows]
    pixels = np.array([cv2.resize(each, (6, 6), interpolation=cv2.INTER_AREA) for each in images])
    targets = np.array([row["label"] == "stars" for row in rows]).astype(np.int64)
    fields = np.array(["-".join((row["run"], row["camcol"], row["field"])) for row in rows])
    trained = np.isin(fields, np.random.default_rng(0).permutation(np.unique(fields))[:15])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    values = pixels.reshape(len(pixels), -1)
    model.fit(values[trained], targets[trained])
    assert model.score(values[~trained], targets[~trained]) > 0.75
    return model.predict_proba(values[~trained]), targets[~trained], fields[~trained]


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("grouped", [False, True])
def test_coverage_of_real_images_is_the_level(
    real: tuple[np.ndarray, np.ndarray, np.ndarray], level: float, grouped: bool
) -> None:
    """Each draw has other calibration images (or fields), and one more image (of one more field)."""
    p, targets, fields = real
    rng, draws, n = np.random.default_rng(3), 1500, 25 if grouped else 300
    hits = 0
    for _ in range(draws):
        k = int(rng.integers(2))
        units = fields if grouped else np.arange(len(p))
        order = rng.permutation(np.unique(units[targets == k]))
        known = np.isin(units, order[:n]) & (targets == k)
        tested = rng.choice(np.flatnonzero((units == order[n]) & (targets == k)))
        of_known = fields[known] if grouped else None
        fitted = fit_prediction_sets(p[known], targets[known], of_known, level)
        hits += bool(fitted.sets(p[tested][None])[0, k])
    low, high = binom.ppf([0.001, 0.999], draws, [level, level + 1 / (n + 1)])
    assert low <= hits <= high
