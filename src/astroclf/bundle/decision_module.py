"""Decision as a torch module: from logits to probabilities and labels, in float32.

The steps and their formulas are those of `evaluation.decisions`, which computes them in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import (
    NORMALIZED_SIGMOID,
    PLAIN_THRESHOLD,
    SIGMOID,
    SOFTMAX,
    Activation,
    NormalizedSigmoid,
    Sigmoid,
    Softmax,
)
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.tree_activation import QuestionConcentrations, QuestionSoftmax

# Below this log(1 - q), -log q equals 1 - q to five digits, and has lost them in float32.
LOG_CERTAIN = -10.0
EPSILON = torch.finfo(torch.float32).eps
TINIEST = torch.finfo(torch.float32).tiny


class DecisionModule(nn.Module):
    """Probabilities and labels of logits.

    Takes (N, K) logits; returns (N, K) float32 probabilities and (N,) int64 labels, or (N, K) bool
    answers for vote fractions. Raises UserError for an activation that is not one of astroclf's.
    """

    shift: Tensor
    weights: Tensor
    factors: Tensor
    thresholds: Tensor

    def __init__(self, decision: Decision, n_classes: int) -> None:
        super().__init__()
        if type(decision.activation) not in PROBABILITIES:
            raise UserError(
                f"activation={decision.activation.name}: a model with this activation can neither be exported nor be part of an "
                f"ensemble. Choose a model with {', '.join(each.name for each in PROBABILITIES)}."
            )
        self.activation: Activation = decision.activation
        self.focal_gamma, self.temperature = decision.focal_gamma, decision.temperature
        self.register_buffer("shift", _row(decision.logit_shift, n_classes, 0.0))
        self.register_buffer("weights", _row(decision.class_weights, n_classes, 1.0))
        self.register_buffer("factors", _row(decision.class_factors, n_classes, 1.0))
        self.register_buffer("thresholds", _row(decision.thresholds, n_classes, PLAIN_THRESHOLD))

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        probabilities = self.probabilities(logits)
        if self.activation.rows_sum_to_one:
            return probabilities, (probabilities * self.factors).argmax(dim=1)
        return probabilities, probabilities > self.thresholds

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return (N, K) probabilities, see `Decision.probabilities`."""
        if self.focal_gamma > 0:
            logits = self._undo_focal(logits)
        scores = self._scores(logits - self.shift) - self.weights.log()
        return PROBABILITIES[type(self.activation)](self.activation, scores / self.temperature)

    def _scores(self, logits: Tensor) -> Tensor:
        """Return the scores that a temperature divides, see `Activation.scores`."""
        if isinstance(self.activation, QuestionConcentrations):
            return (self.activation.scale * logits.sigmoid()).log1p()
        return functional.logsigmoid(logits) if self.activation == NORMALIZED_SIGMOID else logits

    def _undo_focal(self, logits: Tensor) -> Tensor:
        """Return the logits of the probabilities that a focal loss was trained on, see `Activation`."""
        if self.activation == SOFTMAX:
            log_q = logits.log_softmax(dim=1)
            return _log_h(log_q, _log_complement(log_q), self.focal_gamma)
        log_q, log_not_q = functional.logsigmoid(logits), functional.logsigmoid(-logits)
        of_q = _log_h(log_q, log_not_q, self.focal_gamma)
        return of_q - _log_h(log_not_q, log_q, self.focal_gamma)


def logits_of(probabilities: Tensor, activation: Activation) -> Tensor:
    """Return logits of which the activation makes these probabilities, see `Activation.logits_of`."""
    logits = probabilities.clamp(min=TINIEST).log()
    if activation != SIGMOID:
        return logits
    return logits - (-probabilities.clamp(max=1 - EPSILON)).log1p()


def _softmax(activation: Activation, scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=1)


def _sigmoid(activation: Activation, scores: Tensor) -> Tensor:
    return torch.sigmoid(scores)


def _question_softmax(activation: QuestionSoftmax, scores: Tensor) -> Tensor:
    tree = activation.tree
    return torch.cat(tree.chain([block.softmax(dim=1) for block in tree.split(scores)]), dim=1)


# Of the activations with a module: from scores to probabilities, see `Activation.probabilities`.
PROBABILITIES: dict[type[Activation], Callable[[Any, Tensor], Tensor]] = {
    Softmax: _softmax,
    Sigmoid: _sigmoid,
    NormalizedSigmoid: _softmax,
    QuestionSoftmax: _question_softmax,
    QuestionConcentrations: _question_softmax,
}


def _row(numbers: Sequence[float] | None, n_classes: int, default: float) -> Tensor:
    return torch.tensor(numbers or (default,) * n_classes, dtype=torch.float32)


def _log_complement(log_q: Tensor) -> Tensor:
    """Return log(1 - q) of the rows of a softmax; of the largest q from the sum of the others."""
    top = functional.one_hot(log_q.argmax(dim=1), log_q.shape[1]).bool()
    of_others = torch.logsumexp(log_q.masked_fill(top, -math.inf), dim=1, keepdim=True)
    return torch.where(top, of_others, torch.log1p(-log_q.masked_fill(top, -1.0).exp()))


def _log_h(log_q: Tensor, log_not_q: Tensor, gamma: float) -> Tensor:
    certain = log_not_q < LOG_CERTAIN
    log_surprise = torch.where(certain, log_not_q, (-log_q.masked_fill(certain, -1.0)).log())
    slope = torch.logaddexp(math.log(gamma) + log_surprise - log_not_q, -log_q)
    return -(gamma * log_not_q + slope)
