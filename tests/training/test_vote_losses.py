"""Losses of votes on a decision tree against scipy, and the targets that they take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax
from scipy.stats import dirichlet_multinomial as scipy_dirichlet_multinomial
from scipy.stats import multinomial as scipy_multinomial

from astroclf.errors import UserError
from astroclf.evaluation.decisions.tree_activation import QuestionSoftmax
from astroclf.training.losses import make_loss
from astroclf.training.vote_losses import (
    dirichlet_multinomial,
    loss_targets,
    multinomial,
    tree_squared_error,
)
from fixtures.trees import GALAXIES, VOTED_GALAXIES, draw_fractions, trees

CPU = torch.device("cpu")
N = 12
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (N, len(GALAXIES.answers)))


def draw_votes(volunteers: int = 40) -> np.ndarray:
    """(N, K) whole numbers of votes of volunteers who walk down the tree."""
    counts = np.zeros((N, len(GALAXIES.answers)), np.int64)
    for row in counts:
        for question in GALAXIES.questions:
            leading = GALAXIES.positions(question.reached_by)
            n = int(row[leading].sum()) if leading else volunteers
            shares = RNG.dirichlet(np.ones(len(question.answers)))
            row[GALAXIES.positions(question.answers)] = RNG.multinomial(n, shares)
    return counts


VOTES = draw_votes()


def by_question(values: np.ndarray) -> list[np.ndarray]:
    return [values[:, GALAXIES.positions(each.answers)] for each in GALAXIES.questions]


def test_dirichlet_multinomial_is_that_of_scipy():
    loss = dirichlet_multinomial(GALAXIES, 100.0)
    found = loss(torch.tensor(LOGITS), torch.tensor(VOTES, dtype=torch.float64))
    expected = [
        -sum(
            scipy_dirichlet_multinomial.logpmf(k[i], a[i], k[i].sum())
            for k, a in zip(by_question(VOTES), by_question(1 + 100 * expit(LOGITS)), strict=True)
        )
        for i in range(N)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_float32_has_the_likelihood_to_four_digits():
    loss = dirichlet_multinomial(GALAXIES, 100.0)
    exact = loss(torch.tensor(LOGITS), torch.tensor(VOTES, dtype=torch.float64))
    found = loss(torch.tensor(LOGITS).float(), torch.tensor(VOTES).float())
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-3)


def test_multinomial_is_that_of_scipy_but_for_its_constant():
    loss = multinomial(GALAXIES)
    votes = torch.tensor(VOTES, dtype=torch.float64)
    found = loss(torch.tensor(LOGITS), votes) - loss(torch.zeros(LOGITS.shape).double(), votes)

    def log_likelihood(logits: np.ndarray) -> np.ndarray:
        parts = zip(by_question(VOTES), by_question(logits), strict=True)
        return sum(scipy_multinomial.logpmf(k, k.sum(axis=1), softmax(z, axis=1)) for k, z in parts)

    np.testing.assert_allclose(found, log_likelihood(LOGITS * 0) - log_likelihood(LOGITS))


def test_multinomial_counts_nothing_of_a_question_that_nobody_reached():
    votes = torch.tensor([[0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40.0]])
    logits = torch.zeros(1, 11, requires_grad=True)
    multinomial(GALAXIES)(logits, votes).sum().backward()
    assert logits.grad is not None
    assert logits.grad[0, 3:9].tolist() == [0.0] * 6
    assert (logits.grad[0, :3] != 0).all()


def test_squared_error_is_that_of_the_fractions_of_the_decision():
    truth = draw_fractions(GALAXIES, N)
    weights = torch.arange(1.0, 12.0, dtype=torch.float64)
    errors = (QuestionSoftmax(GALAXIES).probabilities(LOGITS) - truth) ** 2
    for given_weights, factors in ((None, 1.0), (weights, weights.numpy())):
        found = tree_squared_error(GALAXIES, given_weights)(
            torch.tensor(LOGITS), torch.tensor(truth)
        )
        np.testing.assert_allclose(found, (errors * factors).mean(axis=1))


@given(tree=trees(), seed=st.integers(0, 99))
def test_the_gradient_of_every_loss_vanishes_at_the_true_fractions(tree, seed):
    truth = torch.tensor(draw_fractions(tree, 4, seed), dtype=torch.float64)
    logits = torch.tensor(QuestionSoftmax(tree).logits_of(truth.numpy()), requires_grad=True)
    for loss in (multinomial(tree), tree_squared_error(tree)):
        (slope,) = torch.autograd.grad(loss(logits, truth).sum(), logits)
        assert slope.abs().max() < 1e-5


def vote_dataset(make_dataset, counts=None, tree=GALAXIES):
    dataset = make_dataset(N, n_classes=2, votes=True)
    return replace(
        dataset,
        classes=GALAXIES.answers,
        targets=draw_fractions(GALAXIES, N),
        tree=tree,
        vote_counts=counts,
    )


def vote_loss(settings, *overrides):
    return settings(*VOTED_GALAXIES, *overrides).loss


def test_targets_are_numbers_of_votes_where_the_loss_takes_them(settings, make_dataset):
    counts = np.full(N, 20, np.float32)
    counts[:2] = 60, np.nan
    dataset = vote_dataset(make_dataset, counts)
    dirichlet = loss_targets(vote_loss(settings, "loss=dirichlet_multinomial"), dataset)
    np.testing.assert_allclose(dirichlet[0], 60 * dataset.targets[0], rtol=1e-6)
    np.testing.assert_allclose(dirichlet[1], 40 * dataset.targets[1], rtol=1e-6)
    known = counts[dataset.indices("train")]
    mean = np.nanmean(known)
    relative = loss_targets(vote_loss(settings, "loss=multinomial"), dataset)
    np.testing.assert_allclose(relative[0], 60 / mean * dataset.targets[0], rtol=1e-6)
    np.testing.assert_allclose(relative[1], dataset.targets[1], rtol=1e-6)
    assert loss_targets(vote_loss(settings, "loss=mse"), dataset) is dataset.targets


def test_unknown_numbers_of_volunteers_are_those_of_the_setting(settings, make_dataset):
    dataset = vote_dataset(make_dataset)
    chosen = vote_loss(settings, "loss=dirichlet_multinomial", "loss.volunteers=7")
    np.testing.assert_allclose(loss_targets(chosen, dataset), 7 * dataset.targets, rtol=1e-6)
    plain = loss_targets(vote_loss(settings, "loss=multinomial"), dataset)
    np.testing.assert_allclose(plain, dataset.targets)


def test_squared_error_obeys_the_tree_of_the_data_unless_told_otherwise(settings, make_dataset):
    logits, truth = torch.tensor(LOGITS), torch.tensor(draw_fractions(GALAXIES, N))
    of_tree = tree_squared_error(GALAXIES)(logits, truth)
    of_sigmoids = (logits.sigmoid() - truth).square().mean(dim=1)
    dataset = vote_dataset(make_dataset)
    for head, expected in (("auto", of_tree), ("tree", of_tree), ("sigmoid", of_sigmoids)):
        loss = make_loss(vote_loss(settings, "loss=mse", f"loss.head={head}"), dataset, CPU)
        torch.testing.assert_close(loss(logits, truth), expected)
    without = replace(dataset, tree=None)
    loss = make_loss(vote_loss(settings, "loss=mse"), without, CPU)
    torch.testing.assert_close(loss(logits, truth), of_sigmoids)


@pytest.mark.parametrize(
    "overrides",
    [["loss=multinomial"], ["loss=dirichlet_multinomial"], ["loss=mse", "loss.head=tree"]],
)
def test_data_of_a_custom_source_without_a_tree_are_refused(settings, make_dataset, overrides):
    with pytest.raises(UserError, match="needs votes on the questions of a decision tree"):
        make_loss(vote_loss(settings, *overrides), vote_dataset(make_dataset, tree=None), CPU)
    other = replace(vote_dataset(make_dataset), classes=GALAXIES.answers[::-1])
    with pytest.raises(UserError, match="answers of the decision tree are not the columns"):
        make_loss(vote_loss(settings, *overrides), other, CPU)
