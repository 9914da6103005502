from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.evaluation.paired.comparison import Comparison, compare
from astroclf.evaluation.paired.contender import Column, Contender, Measurement
from astroclf.evaluation.paired.discordance import Discordance
from astroclf.evaluation.paired.holm import holm_adjusted
from astroclf.evaluation.paired.sign_flips import sign_flip_p_value
from astroclf.evaluation.resampling import Resampling

N = 240
TARGETS = np.arange(N) % 2
GROUPS = np.arange(N) // 8


def contender(quality: float, name: str = "", *, n: int = 1, folds: bool = False) -> Contender:
    networks = []
    for seed in range(n):
        rng = np.random.default_rng([seed, int(10 * quality)])
        logits = rng.normal(size=(N, 2)) + quality * np.eye(2)[TARGETS]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        networks.append(Predicted.most_probable(p))
    return Contender(name or str(quality), networks, np.arange(N) % 5 if folds else None)


def compared(
    *contenders: Contender, groups: np.ndarray | None = None, resamples: int = 400, **options
) -> Comparison:
    labels = make_labels(TARGETS, ["galaxy", "star"], groups)
    columns = options.pop("columns", ())
    measurement = Measurement(15, Resampling(resamples, 0, groups), columns)
    return compare(contenders, labels, np.arange(N).astype(str), measurement, **options)


A, B = contender(1.0), contender(2.0)
RIGHT_A, RIGHT_B = (each.networks[0].labels == TARGETS for each in (A, B))


def test_differences_are_those_of_scikit_learn() -> None:
    (pair,) = compared(A, B).pairs
    a, b = A.networks[0], B.networks[0]
    accuracy, roc_auc = pair.of("accuracy"), pair.of("roc_auc")
    assert accuracy.a == pytest.approx(accuracy_score(TARGETS, a.labels))
    assert accuracy.value == pytest.approx(np.mean(RIGHT_B) - np.mean(RIGHT_A))
    assert roc_auc.b == pytest.approx(roc_auc_score(TARGETS, b.probabilities[:, 1]))
    recall = pair.per_class["star"][1]
    assert recall.metric == "recall"
    assert recall.value == pytest.approx(
        recall_score(TARGETS, b.labels) - recall_score(TARGETS, a.labels)
    )
    assert accuracy.b_is_better
    assert pair.of("log_loss").b_is_better  # lower


def test_accuracy_of_independent_images_has_the_exact_mcnemar_test_and_a_paired_interval() -> None:
    (pair,) = compared(A, B).pairs
    expected, found = Discordance.of(RIGHT_A, RIGHT_B), pair.of("accuracy")
    assert pair.discordance == expected
    assert (found.test, found.p_value) == ("exact McNemar", expected.p_value())
    assert found.ci95 == expected.interval()


def test_accuracy_of_groups_has_sign_flips_of_groups() -> None:
    (pair,) = compared(A, B, groups=GROUPS).pairs
    found = pair.of("accuracy")
    assert found.test == "sign flips of groups"
    assert found.p_value == sign_flip_p_value(RIGHT_B * 1.0 - RIGHT_A, GROUPS, 0)
    assert pair.discordance is not None


def test_brier_score_has_the_paired_t_test() -> None:
    (pair,) = compared(A, B, resamples=4000).pairs
    scores = [(1 - each.networks[0].probabilities[np.arange(N), TARGETS]) ** 2 for each in (A, B)]
    expected = ttest_rel(scores[1], scores[0])
    found = pair.of("brier")
    assert found.test == "Student's t"
    assert found.value == pytest.approx(np.mean(scores[1] - scores[0]))
    assert found.ci95 == pytest.approx(tuple(expected.confidence_interval()), rel=0.1)


def test_p_values_are_corrected_over_all_pairs_and_metrics() -> None:
    comparison = compared(A, B, contender(1.1))
    assert [(pair.a, pair.b) for pair in comparison.pairs] == [(0, 1), (0, 2), (1, 2)]
    tested = [
        each for pair in comparison.pairs for each in pair.overall if each.p_value is not None
    ]
    assert len(tested) == comparison.n_tests == 3 * 8
    expected = holm_adjusted(np.array([each.p_value for each in tested]))
    np.testing.assert_allclose([each.p_holm for each in tested], expected)


def test_chosen_metrics_and_pairs_make_a_smaller_family() -> None:
    comparison = compared(A, B, contender(1.1), pairing="first", tested=["accuracy"])
    assert [(pair.a, pair.b) for pair in comparison.pairs] == [(0, 1), (0, 2)]
    assert comparison.n_tests == 2
    assert comparison.pairs[0].of("brier").p_value is None
    assert comparison.pairs[0].of("brier").ci95 is not None


def test_seeds_widen_the_interval_of_one_network_less_than_they_narrow_it() -> None:
    single, several = (
        compared(contender(1.0, n=n), contender(1.3, n=n)).pairs[0].of("log_loss") for n in (1, 5)
    )
    assert several.ci95 is not None
    assert single.ci95 is not None
    assert np.diff(several.ci95) < np.diff(single.ci95)
    assert compared(contender(1.0, n=5), contender(1.3, n=5)).pairs[0].discordance is None


def test_ranking_of_a_cross_validation_is_the_mean_over_folds() -> None:
    (pair,) = compared(contender(1.0, folds=True), contender(2.0, folds=True)).pairs
    scores = B.networks[0].probabilities[:, 1]
    of_folds = [roc_auc_score(TARGETS[k::5], scores[k::5]) for k in range(5)]
    assert pair.of("roc_auc").b == pytest.approx(np.mean(of_folds))
    assert "roc_auc" not in [each.metric for each in pair.per_class["star"]]
    (accuracy,) = [each for each in pair.over_folds if each.metric == "accuracy"]
    differences = [np.mean(RIGHT_B[k::5]) - np.mean(RIGHT_A[k::5]) for k in range(5)]
    assert accuracy.mean == pytest.approx(np.mean(differences))
    half = 2.776445 * np.sqrt(1 / 5 + 1 / 3) * np.std(differences, ddof=1)
    assert accuracy.ci95 == pytest.approx((accuracy.mean - half, accuracy.mean + half), rel=1e-5)


def test_bins_of_a_column_have_their_own_differences() -> None:
    magnitude = np.linspace(15, 20, N)
    magnitude[:5] = np.nan
    column = Column("mag", magnitude, np.array([15.0, 17.5, 20.0]))
    (pair,) = compared(A, B, columns=[column]).pairs
    bright, faint = pair.binned["mag"]
    inside = magnitude < 17.5
    assert (bright.low, bright.high, bright.n) == (15.0, 17.5, int(inside.sum()))
    assert faint.n == N - 5 - bright.n
    assert bright.difference.value == pytest.approx(RIGHT_B[inside].mean() - RIGHT_A[inside].mean())
    assert bright.difference.ci95 == Discordance.of(RIGHT_A[inside], RIGHT_B[inside]).interval()


def test_votes_are_compared_by_their_errors() -> None:
    rng = np.random.default_rng(0)
    votes = rng.dirichlet([1, 1, 1], 100)
    near, far = (np.clip(votes + rng.normal(0, s, votes.shape), 0, 1) for s in (0.05, 0.2))
    labels: Labels = make_labels(votes, ["smooth", "disk", "star"])
    contenders = [Contender(str(k), [Predicted(p, p > 0.5)]) for k, p in enumerate((far, near))]
    (pair,) = compare(contenders, labels, np.arange(100), Measurement(15, Resampling(300, 0))).pairs
    found = pair.of("rmse")
    rmse = [np.sqrt(np.mean((p - votes) ** 2)) for p in (far, near)]
    assert found.value == pytest.approx(rmse[1] - rmse[0])
    assert found.b_is_better
    assert found.p_value is not None
    assert found.p_value < 0.001
    assert pair.discordance is None
    assert list(pair.per_class) == ["smooth", "disk", "star"]


def test_few_images_and_no_resamples_give_no_interval() -> None:
    labels = make_labels(TARGETS[:8], ["galaxy", "star"])
    few = [Contender(each.name, [each.networks[0].of_images(np.arange(8))]) for each in (A, B)]
    (pair,) = compare(few, labels, np.arange(8), Measurement(15, Resampling(100, 0))).pairs
    assert pair.of("accuracy").ci95 is None
    assert pair.of("accuracy").note == "no interval: 8 images, fewer than 10"
    (pair,) = compared(A, B, resamples=0).pairs
    assert pair.of("accuracy").ci95 is None
    assert pair.of("accuracy").p_value is None
