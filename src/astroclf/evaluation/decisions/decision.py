"""From what a network says to probabilities and labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from astroclf.errors import UserError

ACTIVATIONS = ("softmax", "sigmoid", "normalised_sigmoid")


@dataclass(frozen=True)
class Decision:
    """Everything between a network's logits and a printed label.

    The steps, in this order:

    1. logit_shift, focal_gamma, class_weights: undo what the loss did to the probabilities (see
       `probabilities` and `shift_of_alpha`), so that they hold for the frequencies of the data.
    2. temperature T: p becomes proportional to p^(1/T), which for a softmax is softmax(logits / T)
       (Guo et al. 2017, arXiv:1706.04599); a vote fraction is calibrated against its complement.
    3. class_factors f: the label is the class of the largest p_k f_k. For two classes (t, 1 - t) is
       a threshold t on p_1. thresholds: an answer is given where its vote fraction exceeds its
       threshold; 0.5 without them.

    Raises UserError where the numbers cannot be used or do not go together.
    """

    activation: str
    logit_shift: tuple[float, ...] | None = None
    focal_gamma: float = 0.0
    temperature: float = 1.0
    class_factors: tuple[float, ...] | None = None
    thresholds: tuple[float, ...] | None = None
    class_weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        votes = self.activation == "sigmoid"
        rows = [self.logit_shift, self.class_factors, self.thresholds, self.class_weights]
        given = [row for row in rows if row is not None]
        numbers = [self.focal_gamma, self.temperature, *(x for row in given for x in row)]
        factors, thresholds = self.class_factors or (), self.thresholds or ()
        weights = self.class_weights or ()
        demands = {
            f"activation is one of {', '.join(ACTIVATIONS)}": self.activation in ACTIVATIONS,
            "all numbers are finite": all(map(math.isfinite, numbers)),
            "there is one number for each class": len({len(row) for row in given}) <= 1,
            "temperature is above 0": self.temperature > 0,
            "focal_gamma is 0 or more": self.focal_gamma >= 0,
            "class_factors are above 0": all(f > 0 for f in factors),
            "thresholds are between 0 and 1": all(0 <= t <= 1 for t in thresholds),
            "class_factors are for classes": not (votes and factors),
            "class_weights are above 0": all(w > 0 for w in weights),
            "class_weights are for classes": not (votes and weights),
            "thresholds are for vote fractions (activation sigmoid)": votes or not thresholds,
        }
        for demand, is_met in demands.items():
            if not is_met:
                raise UserError(
                    f"A decision has to be such that {demand}, but this one is {asdict(self)}; "
                    "fit it again on validation."
                )

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(N, K) float64 in [0, 1] of (N, K) logits; rows sum to 1 but for activation `sigmoid`.

        - softmax: p_k is proportional to h(q_k) exp(-shift_k) / w_k, with q the softmax and w the
          class weights of the loss, whose minimum is at q_k proportional to w_k p_k.
        - sigmoid: the logit of p_k is log h(q_k) - log h(1 - q_k) - shift_k, with q the sigmoid;
          normalised_sigmoid divides by w_k and then by the sum over k.
        - h(q) = q / ((1 - q)^gamma - gamma (1 - q)^(gamma - 1) q log q) gives probabilities back
          from the minimum of a focal loss (Charoenphakdee et al. 2021, arXiv:2011.09172); it is q
          for gamma = 0.
        """
        logits = logits.astype(np.float64)
        if self.focal_gamma > 0:
            undo = _undo_softmax_focal if self.activation == "softmax" else _undo_sigmoid_focal
            logits = undo(logits, self.focal_gamma)
        if self.logit_shift is not None:
            logits = logits - np.array(self.logit_shift)
        if self.activation == "sigmoid":
            return to_probabilities(logits / self.temperature, "sigmoid")
        scores = _log_sigmoid(logits) if self.activation == "normalised_sigmoid" else logits
        if self.class_weights is not None:
            scores = scores - np.log(self.class_weights)
        return to_probabilities(scores / self.temperature, "softmax")

    def labels(self, probabilities: np.ndarray) -> np.ndarray:
        """(N,) int64 classes, or for vote fractions (N, K) bool answers, of `probabilities`."""
        if self.activation == "sigmoid":
            return probabilities > np.array(self.thresholds or 0.5)
        return to_labels(probabilities, self.class_factors)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, of which `from_dict` makes the same decision."""
        pairs = asdict(self).items()
        return {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Decision:
        """The decision that `to_dict` wrote; steps that are left out do nothing.

        Raises UserError for a key that is not known: it would be a step that is not taken.
        """
        known = [field.name for field in fields(cls)]
        if "activation" not in content or not set(content) <= set(known):
            raise UserError(
                f"A decision has an activation, and may have {', '.join(known[1:])}, but this one "
                f"has {', '.join(content)}; use the version of astroclf that wrote it."
            )
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in content.items()
        }
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Decided:
    """What a `Decision` says of N images.

    probabilities: (N, K) of classes, or predicted vote fractions.
    labels: (N,) int64 classes, or for vote fractions (N, K) bool answers.
    """

    probabilities: np.ndarray
    labels: np.ndarray

    @classmethod
    def most_probable(cls, probabilities: np.ndarray) -> Decided:
        """With the most probable classes as labels."""
        return cls(probabilities, to_labels(probabilities))


def shift_of_alpha(
    activation: str, alpha: Sequence[float] | float | None, n_classes: int
) -> tuple[float, ...] | None:
    """Return what the alpha of a focal loss adds to the logits: K numbers, or None for nothing.

    - softmax: a class of weight alpha_k counts alpha_k times, which adds log alpha_k.
    - sigmoids: one alpha weighs the true side by alpha and the other by 1 - alpha, which adds
      log(alpha / (1 - alpha)); a list weighs the true side alone and adds log alpha_k.
    """
    shift = np.zeros(n_classes)
    if isinstance(alpha, int | float):
        if activation == "softmax":
            raise ValueError("a focal loss over a softmax has one alpha a class")
        shift += math.log(alpha / (1 - alpha))
    elif alpha is not None:
        shift += np.log(alpha)
    return tuple(shift.tolist()) if shift.any() else None


def adjustment_factors(shares: Sequence[float] | np.ndarray, strength: float) -> tuple[float, ...]:
    """K class factors f_k, proportional to share_k^-strength, which sum to 1.

    Strength 1 gives the labels of the highest balanced accuracy where the probabilities are right,
    0 those of the highest accuracy (Menon et al. 2021, arXiv:2007.07314, section 4.1).

    shares: of the classes among the images, above 0.
    """
    factors = np.asarray(shares, dtype=np.float64) ** -strength
    return tuple((factors / factors.sum()).tolist())


def to_probabilities(logits: np.ndarray, activation: str) -> np.ndarray:
    """(N, K) float64 in [0, 1] of (N, K) logits.

    activation: `softmax` and `normalised_sigmoid` (sigmoids divided by their sum) give rows that
    sum to 1, for classes that exclude each other; `sigmoid` gives one vote fraction an answer.
    """
    logits = logits.astype(np.float64)
    if activation == "softmax":
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
    if activation == "sigmoid":
        return np.exp(_log_sigmoid(logits))
    if activation == "normalised_sigmoid":
        return to_probabilities(_log_sigmoid(logits), "softmax")
    raise ValueError(f"unknown activation {activation!r}")


def to_labels(
    probabilities: np.ndarray, class_factors: Sequence[float] | np.ndarray | None = None
) -> np.ndarray:
    """(N,) int64: the class of the highest probability, or of the highest p_k f_k."""
    if class_factors is not None:
        probabilities = probabilities * np.asarray(class_factors)
    return probabilities.argmax(axis=1)


def _log_sigmoid(logits: np.ndarray) -> np.ndarray:
    """Keeps the ratios of very negative logits."""
    return -np.logaddexp(0, -logits)


def _undo_sigmoid_focal(logits: np.ndarray, gamma: float) -> np.ndarray:
    log_q, log_not_q = _log_sigmoid(logits), _log_sigmoid(-logits)
    return _log_h(log_q, log_not_q, gamma) - _log_h(log_not_q, log_q, gamma)


def _undo_softmax_focal(logits: np.ndarray, gamma: float) -> np.ndarray:
    log_q = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    # 1 - q loses its digits where q is close to 1, which only the largest can be.
    top = np.arange(logits.shape[1]) == log_q.argmax(axis=1)[:, None]
    of_others = np.logaddexp.reduce(np.where(top, -np.inf, log_q), axis=1, keepdims=True)
    log_not_q = np.where(top, of_others, np.log1p(-np.exp(np.where(top, -1.0, log_q))))
    return _log_h(log_q, log_not_q, gamma)


def _log_h(log_q: np.ndarray, log_not_q: np.ndarray, gamma: float) -> np.ndarray:
    # -log q is 1 - q where q rounds to 1.
    certain = log_not_q < -30
    log_surprise = np.where(certain, log_not_q, np.log(-np.where(certain, -1.0, log_q)))
    slope = np.logaddexp(math.log(gamma) + log_surprise - log_not_q, -log_q)
    return -(gamma * log_not_q + slope)
