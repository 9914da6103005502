"""True labels of images: classes or vote fractions, with the facts that depend on their kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.settings.metrics import TargetKind
from astroclf.vote_tree import VoteTree


@dataclass(frozen=True, eq=False)
class Labels(ABC):
    """True labels of N images.

    targets: (N,) int64 class indices, or (N, K) vote fractions in [0, 1]. classes: names of the K
    classes or answers. groups: (N,) of any sortable type, images of one value are not independent;
    None for independent images. headline: the metric that is shown first.
    """

    targets: np.ndarray
    classes: Sequence[str]
    groups: np.ndarray | None = None

    kind: ClassVar[TargetKind]
    headline: ClassVar[str]

    def __len__(self) -> int:
        return len(self.targets)

    def of_images(self, chosen: np.ndarray) -> Self:
        """Return the labels of some of the images; chosen: positions, or (N,) bool."""
        groups = None if self.groups is None else self.groups[chosen]
        return replace(self, targets=self.targets[chosen], groups=groups)

    @property
    @abstractmethod
    def leading(self) -> np.ndarray:
        """(N,) int64: the class, or the answer with most votes."""

    @abstractmethod
    def leading_predicted(self, predictions: Predicted) -> np.ndarray:
        """Return (N,) int64: the predicted class, or the answer with the highest fraction."""

    @property
    def vote_fractions(self) -> np.ndarray:
        """(N, K) vote fractions; (N, 0) for classes."""
        return np.empty((len(self), 0))

    @property
    def positive_class(self) -> str | None:
        """The second of two classes, which roc_auc and average_precision are of; else None."""
        return None

    @abstractmethod
    def truth(self, n_classes: int) -> np.ndarray:
        """Return (N, K) float64: 1 for the true class and 0 elsewhere, or the vote fractions."""

    @abstractmethod
    def reliability_pairs(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the confidences, and whether (or how often) each came true, both (M,)."""

    @abstractmethod
    def constant_prediction(self, n_images: int) -> tuple[np.ndarray, str]:
        """Return the best constant prediction, (n_images, K), and its description."""

    @abstractmethod
    def only_label(self, predictions: Predicted) -> str | None:
        """Return the one class that every image is labeled as, or None."""


@dataclass(frozen=True, eq=False)
class ClassLabels(Labels):
    """Classes that exclude each other."""

    kind = "classes"
    headline = "accuracy"

    @property
    def leading(self) -> np.ndarray:
        return self.targets

    def leading_predicted(self, predictions: Predicted) -> np.ndarray:
        return predictions.labels

    @property
    def positive_class(self) -> str | None:
        return self.classes[1] if len(self.classes) == 2 else None

    def truth(self, n_classes: int) -> np.ndarray:
        return np.eye(n_classes)[self.targets]

    def reliability_pairs(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of the most probable class."""
        return probabilities.max(axis=1), probabilities.argmax(axis=1) == self.targets

    def constant_prediction(self, n_images: int) -> tuple[np.ndarray, str]:
        counts = np.bincount(self.targets, minlength=len(self.classes))
        shares = counts / max(1, len(self))
        name = self.classes[int(shares.argmax())]
        return np.tile(shares, (n_images, 1)), f"always {name}, the most frequent class in train"

    def only_label(self, predictions: Predicted) -> str | None:
        found = np.unique(predictions.labels)
        return self.classes[int(found[0])] if len(self) > 1 and len(found) == 1 else None


@dataclass(frozen=True, eq=False)
class VoteLabels(Labels):
    """Vote fractions of answers, which need not exclude each other.

    tree: questions of the answers; None for answers without a decision tree. vote_counts: (N,)
    volunteers of each image; None where they are unknown.
    """

    tree: VoteTree | None = None
    vote_counts: np.ndarray | None = None

    kind = "votes"
    headline = "rmse"

    def of_images(self, chosen: np.ndarray) -> Self:
        found = super().of_images(chosen)
        counts = None if self.vote_counts is None else self.vote_counts[chosen]
        return replace(found, vote_counts=counts)

    @property
    def leading(self) -> np.ndarray:
        return self.targets.argmax(axis=1)

    def leading_predicted(self, predictions: Predicted) -> np.ndarray:
        return predictions.probabilities.argmax(axis=1)

    @property
    def vote_fractions(self) -> np.ndarray:
        return self.targets

    def truth(self, n_classes: int) -> np.ndarray:
        return self.targets.astype(np.float64)

    def reliability_pairs(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predicted and true fractions, all answers together."""
        return probabilities.ravel(), self.targets.ravel()

    def constant_prediction(self, n_images: int) -> tuple[np.ndarray, str]:
        means = self.targets.mean(axis=0, dtype=np.float64)
        return np.tile(means, (n_images, 1)), "always the mean vote fractions in train"

    def only_label(self, predictions: Predicted) -> str | None:
        return None


def make_labels(
    targets: np.ndarray,
    classes: Sequence[str],
    groups: np.ndarray | None = None,
    *,
    tree: VoteTree | None = None,
    vote_counts: np.ndarray | None = None,
) -> Labels:
    """Return the labels of the kind that the shape of the targets determines.

    tree, vote_counts: of vote fractions, see `VoteLabels`.
    """
    if targets.ndim == 1:
        return ClassLabels(targets, classes, groups)
    return VoteLabels(targets, classes, groups, tree, vote_counts)
