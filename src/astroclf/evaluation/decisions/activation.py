"""Activations: from logits to probabilities, and from probabilities to labels.

A new activation is one subclass of `Activation`, which registers itself under its name; its module is
imported in `decisions/__init__.py`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from astroclf.errors import UserError, one_line

ACTIVATIONS: dict[str, type[Activation]] = {}
OLD_NAMES = {"normalised_sigmoid": "normalized_sigmoid"}  # in bundles of older versions
PLAIN_THRESHOLD = 0.5

TINIEST = np.finfo(np.float64).tiny
CLOSEST_TO_1 = 1 - np.finfo(np.float64).epsneg

Row = Sequence[float] | np.ndarray
Block = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Activation(ABC):
    """Relation of the K outputs of a network to the probabilities of K classes or answers.

    A subclass may have fields: plain JSON, or it writes and reads them in `to_json` and `from_fields`.

    name: in settings and bundles. rows_sum_to_one: whether classes exclude each other, so that a
    label is one class and tuning multiplies probabilities by class factors; otherwise each answer
    has a threshold.
    """

    name: ClassVar[str]
    rows_sum_to_one: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        ACTIVATIONS[cls.name] = cls

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """Return the (N, K) scores that a temperature divides and `probabilities` takes."""
        return logits

    @property
    def answers(self) -> tuple[str, ...] | None:
        """Names of the K answers, where they are part of the activation; else None."""
        return None

    @abstractmethod
    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return (N, K) probabilities in [0, 1] of (N, K) float64 scores."""

    @abstractmethod
    def logits_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (N, K) logits of which the activation makes these probabilities."""

    @abstractmethod
    def calibration_blocks(self, probabilities: np.ndarray, truth: np.ndarray) -> list[Block]:
        """Return the distributions that a temperature calibrates, and the true ones.

        Pairs of (M, A) arrays; the rows of the first sum to 1, those of the second to their weight.

        probabilities, truth: (N, K).
        """

    @abstractmethod
    def undo_focal(self, logits: np.ndarray, gamma: float) -> np.ndarray:
        """Return the logits whose probabilities a focal loss with this gamma > 0 was trained on."""

    @abstractmethod
    def shift_of_alpha(self, alpha: float | Row | None, n_classes: int) -> np.ndarray:
        """Return (K,): the amount that the alpha of a focal loss adds to the logits."""

    def labels(
        self, probabilities: np.ndarray, class_factors: Row | None, thresholds: Row | None
    ) -> np.ndarray:
        """Return the labels of (N, K) probabilities: (N,) int64 classes, or (N, K) bool answers."""
        return most_probable(probabilities, class_factors)

    def to_json(self) -> str | dict[str, Any]:
        """Return the name, or an object with the name and the fields."""
        fields = asdict(self)
        return {"name": self.name, **fields} if fields else self.name

    @classmethod
    def from_json(cls, content: str | Mapping[str, Any]) -> Activation:
        """Return the activation that `to_json` wrote. Raises UserError for anything else."""
        fields = dict(content) if isinstance(content, Mapping) else {"name": content}
        name = str(fields.pop("name", None))
        name = OLD_NAMES.get(name, name)
        if name not in ACTIVATIONS:
            raise UserError(
                f"activation={name}: unknown. Use one of {', '.join(ACTIVATIONS)}, or the version of astroclf "
                "that wrote it."
            )
        try:
            return ACTIVATIONS[name].from_fields(fields)
        except (TypeError, KeyError, ValueError) as error:
            raise UserError(f"activation={name}: {one_line(error)}.") from error

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the activation with the fields that `to_json` wrote."""
        return cls(**fields)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic models hold an activation as its JSON."""
        from pydantic_core import core_schema

        def read(value: Any) -> Activation:
            return value if isinstance(value, Activation) else cls.from_json(value)

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda activation: activation.to_json()
            ),
        )


@dataclass(frozen=True)
class Softmax(Activation):
    """Classes that exclude each other, from one softmax."""

    name = "softmax"

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def logits_of(self, probabilities: np.ndarray) -> np.ndarray:
        return log_of(probabilities)

    def calibration_blocks(self, probabilities: np.ndarray, truth: np.ndarray) -> list[Block]:
        return [(probabilities, truth)]

    def undo_focal(self, logits: np.ndarray, gamma: float) -> np.ndarray:
        log_q = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        # 1 - q loses its digits where q is close to 1, which only the largest can be.
        top = np.arange(logits.shape[1]) == log_q.argmax(axis=1)[:, None]
        of_others = np.logaddexp.reduce(np.where(top, -np.inf, log_q), axis=1, keepdims=True)
        log_not_q = np.where(top, of_others, np.log1p(-np.exp(np.where(top, -1.0, log_q))))
        return _log_h(log_q, log_not_q, gamma)

    def shift_of_alpha(self, alpha: float | Row | None, n_classes: int) -> np.ndarray:
        """Return log alpha_k, since a class of weight alpha_k counts alpha_k times."""
        if isinstance(alpha, int | float):
            raise ValueError("a focal loss over a softmax has one alpha a class")
        return np.zeros(n_classes) if alpha is None else np.log(alpha)


@dataclass(frozen=True)
class Sigmoid(Activation):
    """Vote fractions: one independent sigmoid an answer."""

    name = "sigmoid"
    rows_sum_to_one = False

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        return np.exp(log_sigmoid(scores))

    def logits_of(self, probabilities: np.ndarray) -> np.ndarray:
        return log_of(probabilities) - np.log1p(-np.minimum(probabilities, CLOSEST_TO_1))

    def calibration_blocks(self, probabilities: np.ndarray, truth: np.ndarray) -> list[Block]:
        """Each fraction of each image is calibrated against its complement."""
        fractions, votes = (values.astype(np.float64).ravel() for values in (probabilities, truth))
        return [
            (np.stack([1 - fractions, fractions], axis=1), np.stack([1 - votes, votes], axis=1))
        ]

    def undo_focal(self, logits: np.ndarray, gamma: float) -> np.ndarray:
        log_q, log_not_q = log_sigmoid(logits), log_sigmoid(-logits)
        return _log_h(log_q, log_not_q, gamma) - _log_h(log_not_q, log_q, gamma)

    def shift_of_alpha(self, alpha: float | Row | None, n_classes: int) -> np.ndarray:
        """Return log(alpha / (1 - alpha)) for one alpha, which weights the true side by alpha and the
        other by 1 - alpha; log alpha_k for a list, which weights the true side alone.
        """
        if isinstance(alpha, int | float):
            return np.full(n_classes, math.log(alpha / (1 - alpha)))
        return np.zeros(n_classes) if alpha is None else np.log(alpha)

    def labels(
        self, probabilities: np.ndarray, class_factors: Row | None, thresholds: Row | None
    ) -> np.ndarray:
        return probabilities > np.array(thresholds or PLAIN_THRESHOLD)


@dataclass(frozen=True)
class NormalizedSigmoid(Sigmoid):
    """Classes that exclude each other, from sigmoids divided by their sum."""

    name = "normalized_sigmoid"
    rows_sum_to_one = True

    def scores(self, logits: np.ndarray) -> np.ndarray:
        return log_sigmoid(logits)

    def logits_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the logits of sigmoids that are half of the probabilities."""
        return super().logits_of(probabilities / 2)

    probabilities = Softmax.probabilities
    calibration_blocks = Softmax.calibration_blocks
    labels = Activation.labels


SOFTMAX, SIGMOID, NORMALIZED_SIGMOID = Softmax(), Sigmoid(), NormalizedSigmoid()


def most_probable(probabilities: np.ndarray, class_factors: Row | None = None) -> np.ndarray:
    """Return (N,) int64: the class of the highest probability, or of the highest p_k f_k."""
    if class_factors is not None:
        probabilities = probabilities * np.asarray(class_factors)
    return probabilities.argmax(axis=1)


def log_of(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithm, that of the smallest normal number for 0."""
    logarithm: np.ndarray = np.log(np.maximum(probabilities, TINIEST))
    return logarithm


def log_sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return log sigmoid, which keeps the ratios of very negative logits."""
    return -np.logaddexp(0, -logits)


def _log_h(log_q: np.ndarray, log_not_q: np.ndarray, gamma: float) -> np.ndarray:
    # -log q is 1 - q where q rounds to 1.
    certain = log_not_q < -30
    log_surprise = np.where(certain, log_not_q, np.log(-np.where(certain, -1.0, log_q)))
    slope = np.logaddexp(math.log(gamma) + log_surprise - log_not_q, -log_q)
    return -(gamma * log_not_q + slope)
