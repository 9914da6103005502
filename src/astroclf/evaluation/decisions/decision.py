"""Decision: the steps from the logits of a network to probabilities and labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import Activation, most_probable
from astroclf.evaluation.decisions.conformal import PredictionSets


@dataclass(frozen=True)
class Decision:
    """Everything between the logits of a network and a printed label.

    The steps, in this order:

    1. logit_shift, focal_gamma, class_weights: undo the effect of the loss on the probabilities
       (see `probabilities` and `shift_of_alpha`), so that they hold for the class frequencies of
       the data.
    2. temperature T: p becomes proportional to p^(1/T), which for a softmax is softmax(logits / T)
       (Guo et al. 2017, arXiv:1706.04599); a vote fraction is calibrated against its complement.
    3. class_factors f: the label is the class of the largest p_k f_k. For two classes (t, 1 - t) is
       a threshold t on p_1. thresholds: an answer is given where its vote fraction exceeds its
       threshold; 0.5 without them.
    4. conformal: the prediction set of an image, from the probabilities of step 2; None for no sets.

    Raises UserError where the numbers cannot be used or do not go together.
    """

    activation: Activation
    logit_shift: tuple[float, ...] | None = None
    focal_gamma: float = 0.0
    temperature: float = 1.0
    class_factors: tuple[float, ...] | None = None
    thresholds: tuple[float, ...] | None = None
    class_weights: tuple[float, ...] | None = None
    conformal: PredictionSets | None = None

    def __post_init__(self) -> None:
        votes = not self.activation.rows_sum_to_one
        sets, given = self.conformal, self.rows
        numbers = [self.focal_gamma, self.temperature, *(x for row in given for x in row)]
        factors, thresholds = self.class_factors or (), self.thresholds or ()
        weights = self.class_weights or ()
        demands = {
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
            "prediction sets are for classes": not (votes and sets),
            "the level and the thresholds of prediction sets are between 0 and 1": sets is None
            or (0 < sets.level < 1 and all(0 <= t <= 1 for t in sets.thresholds)),
        }
        for demand, is_met in demands.items():
            if not is_met:
                raise UserError(
                    f"A decision has to be such that {demand}, but this one is {self.to_dict()}. "
                    "Fit it again on validation."
                )

    @property
    def rows(self) -> list[tuple[float, ...]]:
        """The parts with one number for each class."""
        sets = None if self.conformal is None else self.conformal.thresholds
        rows = (self.logit_shift, self.class_factors, self.thresholds, self.class_weights, sets)
        return [row for row in rows if row is not None]

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return (N, K) float64 in [0, 1] of (N, K) logits; rows of classes sum to 1.

        - softmax: p_k is proportional to h(q_k) exp(-shift_k) / w_k, with q the softmax and w the
          class weights of the loss, whose minimum is at q_k proportional to w_k p_k.
        - sigmoid: the logit of p_k is log h(q_k) - log h(1 - q_k) - shift_k, with q the sigmoid;
          normalized_sigmoid divides by w_k and then by the sum over k.
        - h(q) = q / ((1 - q)^gamma - gamma (1 - q)^(gamma - 1) q log q) gives probabilities back
          from the minimum of a focal loss (Charoenphakdee et al. 2021, arXiv:2011.09172); it is q
          for gamma = 0.
        """
        logits = logits.astype(np.float64)
        if self.focal_gamma > 0:
            logits = self.activation.undo_focal(logits, self.focal_gamma)
        if self.logit_shift is not None:
            logits = logits - np.array(self.logit_shift)
        scores = self.activation.scores(logits)
        if self.class_weights is not None:
            scores = scores - np.log(self.class_weights)
        return self.activation.probabilities(scores / self.temperature)

    def labels(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (N,) int64 classes, or (N, K) bool answers for vote fractions."""
        return self.activation.labels(probabilities, self.class_factors, self.thresholds)

    def predict(self, logits: np.ndarray) -> Predicted:
        """Return the probabilities, labels and prediction sets of (N, K) logits."""
        probabilities = self.probabilities(logits)
        return Predicted(probabilities, self.labels(probabilities), self.sets(probabilities))

    def sets(self, probabilities: np.ndarray) -> np.ndarray | None:
        """Return (N, K) bool, the classes in each prediction set; None where none were fitted."""
        return None if self.conformal is None else self.conformal.sets(probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, of which `from_dict` makes the same decision."""
        pairs = {field.name: getattr(self, field.name) for field in fields(self)}
        pairs["activation"] = self.activation.to_json()
        pairs["conformal"] = None if self.conformal is None else self.conformal.to_dict()
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in pairs.items()
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Decision:
        """Return the decision that `to_dict` wrote; steps that are left out do nothing.

        Raises UserError for an unknown key, which would be a step that is not taken.
        """
        known = [field.name for field in fields(cls)]
        if "activation" not in content or not set(content) <= set(known):
            raise UserError(
                f"A decision has an activation, and may have {', '.join(known[1:])}, but this one "
                f"has {', '.join(content)}. Use the version of astroclf that wrote it."
            )
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in content.items()
        }
        values["activation"] = Activation.from_json(content["activation"])
        if values.get("conformal") is not None:
            values["conformal"] = PredictionSets.from_dict(values["conformal"])
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Predicted:
    """Probabilities and labels predicted for N images.

    probabilities: (N, K) of classes, or predicted vote fractions.
    labels: (N,) int64 classes, or for vote fractions (N, K) bool answers.
    sets: (N, K) bool, the classes in each prediction set; None where none were fitted.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    sets: np.ndarray | None = None

    @classmethod
    def most_probable(cls, probabilities: np.ndarray) -> Predicted:
        """Return predictions with the most probable classes as labels."""
        return cls(probabilities, most_probable(probabilities))

    def of_images(self, chosen: np.ndarray) -> Predicted:
        """Return the predictions for some of the images; chosen: positions, or (N,) bool."""
        sets = None if self.sets is None else self.sets[chosen]
        return Predicted(self.probabilities[chosen], self.labels[chosen], sets)


def shift_of_alpha(
    activation: Activation, alpha: Sequence[float] | float | None, n_classes: int
) -> tuple[float, ...] | None:
    """Return what the alpha of a focal loss adds to the logits: K numbers, or None for nothing."""
    shift = activation.shift_of_alpha(alpha, n_classes)
    return tuple(shift.tolist()) if shift.any() else None


def adjustment_factors(shares: Sequence[float] | np.ndarray, strength: float) -> tuple[float, ...]:
    """Return K class factors f_k, proportional to share_k^-strength, which sum to 1.

    Strength 1 gives the labels of the highest balanced accuracy where the probabilities are right,
    0 those of the highest accuracy (Menon et al. 2021, arXiv:2007.07314, section 4.1).

    shares: of the classes among the images, above 0.
    """
    factors = np.asarray(shares, dtype=np.float64) ** -strength
    return tuple((factors / factors.sum()).tolist())
