from __future__ import annotations

import numpy as np
import pytest

from astroclf.evaluation.paired_accuracy import (
    compare_accuracy,
    compare_classes,
    newcombe_interval,
)
from astroclf.evaluation.resampling import Resampling

ALONE = Resampling(200, 0)


def pairs(both: int, lost: int, gained: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    before = np.repeat([True, True, False, False], [both, lost, gained, neither])
    after = np.repeat([True, False, True, False], [both, lost, gained, neither])
    return before, after


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # Newcombe (1998), Stat. Med. 17, 2635, method 10.
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((36, 14, 0, 0), (0.1528, 0.4167)),
    ],
)
def test_intervals_are_those_published(
    cells: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    assert newcombe_interval(*pairs(*cells)) == pytest.approx(expected, abs=6e-5)


def test_the_interval_is_antisymmetric() -> None:
    before, after = pairs(50, 12, 4, 9)
    low, high = newcombe_interval(before, after)
    assert newcombe_interval(after, before) == pytest.approx((-high, -low))


def test_without_a_change_the_interval_holds_zero_and_shrinks_with_the_images() -> None:
    widths = []
    for n in (20, 200, 2000):
        result = compare_accuracy(*pairs(9 * n // 10, 0, 0, n // 10), ALONE)
        assert result.loss["value"] == 0
        assert result.loss["ci95"] is not None
        low, high = result.loss["ci95"]
        assert low <= 0 <= high
        widths.append(high - low)
    assert widths[0] > widths[1] > widths[2]


def test_coverage_of_the_interval_is_nominal() -> None:
    rng = np.random.default_rng(0)
    cells = np.array([0.82, 0.09, 0.03, 0.06])
    truth, hits, rounds = 0.09 - 0.03, 0, 800
    for _ in range(rounds):
        low, high = newcombe_interval(*pairs(*rng.multinomial(150, cells)))
        hits += low <= truth <= high
    assert 0.93 < hits / rounds < 0.985


def test_counts_and_accuracies_are_of_the_same_images() -> None:
    result = compare_accuracy(*pairs(60, 20, 5, 15), ALONE)
    assert (result.n, result.lost, result.gained) == (100, 20, 5)
    assert (result.before, result.after) == (0.8, 0.65)
    assert result.loss["value"] == pytest.approx(0.15)


def test_few_images_have_no_interval_but_a_note() -> None:
    result = compare_accuracy(*pairs(4, 2, 0, 0), ALONE)
    assert result.loss["ci95"] is None
    assert "6 images, fewer than 10" in result.loss["note"]


def test_groups_widen_the_interval_where_their_images_change_together() -> None:
    rng = np.random.default_rng(1)
    before = np.ones(400, bool)
    lost = np.repeat(rng.random(40) < 0.2, 10)
    grouped = compare_accuracy(before, ~lost, Resampling(200, 0, np.repeat(np.arange(40), 10)))
    alone = compare_accuracy(before, ~lost, ALONE)
    widths = [np.diff(each.loss["ci95"])[0] for each in (grouped, alone)]  # type: ignore[arg-type]
    assert widths[0] > 2 * widths[1]
    # The jackknife of a mean over groups of one size has the error of the mean of the groups.
    error = lost.reshape(40, 10).mean(axis=1).std() / np.sqrt(39)
    from scipy.stats import t

    assert widths[0] == pytest.approx(2 * t.ppf(0.975, 39) * error * np.sqrt(39 / 40), rel=0.03)


def test_the_loss_of_a_class_is_that_of_its_recall() -> None:
    labels = np.repeat([0, 1], 50)
    before, after = np.ones(100, bool), labels == 1
    found = compare_classes(before, after, labels, ("a", "b", "none"), ALONE)
    assert list(found) == ["a", "b"]
    assert (found["a"].before, found["a"].after, found["a"].n) == (1, 0, 50)
    assert found["b"].loss["value"] == 0
