"""Losses of votes on the questions of a decision tree, and the targets that they take.

Logits are (B, K), one for each answer, in the order of the tree. Each question has its own shares,
and a fraction is its share times the probability of reaching its question (see `VoteTree.chain`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.vote_tree import VoteTree

Loss = Callable[[Tensor, Tensor], Tensor]


def tree_squared_error(tree: VoteTree, weights: Tensor | None = None) -> Loss:
    """Return the mean over k of w_k (p_k - t_k)^2, with p the fractions that obey the tree.

    Targets are vote fractions (B, K).
    """

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        shares = [block.softmax(dim=1) for block in tree.split(logits)]
        squares = (torch.cat(tree.chain(shares), dim=1) - targets).square()
        return (squares if weights is None else squares * weights).mean(dim=1)

    return loss


def multinomial(tree: VoteTree) -> Loss:
    """Return the cross entropy of the shares of each question, weighted by its votes, summed over questions.

    -sum over k of v_k log s_k, with s the softmax of the question. Targets v are votes (B, K), in any
    unit: a question that nobody reached counts nothing.
    """

    def loss(logits: Tensor, votes: Tensor) -> Tensor:
        log_shares = [block.log_softmax(dim=1) for block in tree.split(logits)]
        return -(votes * torch.cat(log_shares, dim=1)).sum(dim=1)

    return loss


def dirichlet_multinomial(tree: VoteTree, scale: float) -> Loss:
    """Return the negative log-likelihood of the votes under a Dirichlet-multinomial for each question.

    The concentrations are 1 + scale sigmoid(logit) (Walmsley et al. 2022, MNRAS 509, 3966), and the
    questions are independent. Targets are numbers of votes (B, K), which need not be whole, since
    published fractions are weighted means.
    """

    def loss(logits: Tensor, votes: Tensor) -> Tensor:
        concentrations = 1 + scale * logits.sigmoid()
        of_answers = (
            torch.lgamma(votes + concentrations)
            - torch.lgamma(concentrations)
            - torch.lgamma(votes + 1)
        )
        log_likelihood = of_answers.sum(dim=1)
        for k, alpha in zip(tree.split(votes), tree.split(concentrations), strict=True):
            n, total = k.sum(dim=1), alpha.sum(dim=1)
            log_likelihood = (
                log_likelihood + torch.lgamma(total) + torch.lgamma(n + 1) - torch.lgamma(n + total)
            )
        return -log_likelihood

    return loss


def tree_of(settings: sections.Loss, dataset: ImageDataset) -> VoteTree:
    """Return the tree of a data set. Raises UserError for one without, or with other answers."""
    if dataset.tree is None:
        raise UserError(
            f"loss={settings.name}: needs votes on the questions of a decision tree, but the dataset has no tree. "
            "Choose loss=mse with loss.head=sigmoid, or loss=bce."
        )
    if dataset.tree.answers != tuple(dataset.classes):
        raise UserError(
            f"loss={settings.name}: the answers of the decision tree are not the columns of votes in their order. Return "
            "a tree whose answers are the classes of the dataset."
        )
    return dataset.tree


def loss_targets(settings: sections.Loss, dataset: ImageDataset) -> np.ndarray:
    """Return the targets that a loss takes, of all images: class indices, fractions or numbers of votes.

    - multinomial: fractions times the number of volunteers over its mean over train, so that the size
      of the loss is that of fractions.
    - dirichlet_multinomial: numbers of votes.

    Where the number of volunteers is not known (NaN, or no numbers at all), it is the mean over train, or
    `loss.volunteers`.
    """
    if isinstance(settings, sections.Multinomial):
        counts = _volunteers(dataset)
        known = counts[dataset.indices(TRAIN)]
        known = known[np.isfinite(known)]
        return _votes(dataset, counts / known.mean() if len(known) else counts, 1.0)
    if isinstance(settings, sections.DirichletMultinomial):
        return _votes(dataset, _volunteers(dataset), settings.volunteers)
    return dataset.targets


def _volunteers(dataset: ImageDataset) -> np.ndarray:
    """Return (N,) float64, NaN where unknown."""
    if dataset.vote_counts is None:
        return np.full(len(dataset), np.nan)
    return dataset.vote_counts.astype(np.float64)


def _votes(dataset: ImageDataset, volunteers: np.ndarray, unknown: float) -> np.ndarray:
    """Return (N, K) float32 votes: fractions times volunteers, or times `unknown` where that is NaN."""
    known = np.where(np.isfinite(volunteers), volunteers, unknown)
    return (dataset.targets * known[:, None]).astype(np.float32)
