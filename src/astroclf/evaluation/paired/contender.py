"""Models that are compared: predictions of their networks for the same images, and metrics of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.metrics.fold_metrics import fold_ranking
from astroclf.evaluation.metrics.label_metrics import LabelStatistic
from astroclf.evaluation.metrics.vote_metrics import VoteStatistic
from astroclf.evaluation.resampling import Figures, Replicates, Resampling, replicate

IN_BINS = "in bins of "  # before the name of a column
RANKED_TOGETHER = ("roc_auc_of_class", "average_precision_of_class")


@dataclass(frozen=True, eq=False)
class Contender:
    """One of several models that are compared on the same N images.

    networks: predictions of each training; the out-of-fold predictions of a cross-validation count as
    those of one. folds: (N,) int64 fold of each image
    in a cross-validation, None elsewhere.
    """

    name: str
    networks: Sequence[Predicted]
    folds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.networks)

    @property
    def probabilities(self) -> np.ndarray:
        """(N, K) mean over the networks."""
        return np.mean([each.probabilities for each in self.networks], axis=0)

    def right(self, labels: Labels) -> np.ndarray:
        """Return (N,) float64: the share of the networks that label each image correctly."""
        hits = [labels.leading_predicted(each) == labels.leading for each in self.networks]
        return np.mean(hits, axis=0)


@dataclass(frozen=True, eq=False)
class Column:
    """A column of metadata: (N,) its value for each image, NaN where it has none, and edges of its bins."""

    name: str
    values: np.ndarray
    edges: np.ndarray

    def members(self) -> np.ndarray:
        """Return (N, B) float64: 1 where an image is in a bin [low, high), the last one with its high end."""
        inner = self.edges[1:-1]
        bin_of = np.searchsorted(inner, self.values, side="right")
        return np.eye(len(inner) + 1)[bin_of] * np.isfinite(self.values)[:, None]


@dataclass(frozen=True, eq=False)
class Measurement:
    """Settings of the metrics.

    bins: of confidence, for ece. columns: of metadata along which accuracy (rmse of votes) is measured.
    """

    bins: int
    resampling: Resampling
    columns: Sequence[Column] = field(default_factory=tuple)


def replicate_networks(
    contender: Contender, labels: Labels, measurement: Measurement
) -> list[dict[str, Replicates]]:
    """Return the metrics of each network and their replicates.

    Every contender is measured on the same resamples of the images, so that differences are paired.
    """
    strata = labels.leading if labels.kind == "classes" else None
    return [
        replicate(
            network_figures(
                network, contender.folds, labels, measurement.columns, measurement.bins
            ),
            len(labels),
            measurement.resampling,
            strata,
        )
        for network in contender.networks
    ]


def network_figures(
    network: Predicted,
    folds: np.ndarray | None,
    labels: Labels,
    columns: Sequence[Column],
    bins: int,
) -> Figures:
    """Return the function from weights (R, N) to metrics: (R,) overall, (R, K) of classes or bins."""
    losses = np.zeros(len(labels))
    parts: list[Figures] = []
    if labels.kind == "votes":
        parts.append(VoteStatistic(network.probabilities, labels.targets, losses).figures)
        quality = np.mean((network.probabilities - labels.targets) ** 2, axis=1)
    else:
        parts.append(LabelStatistic(network, labels.targets, losses, bins).figures)
        quality = (network.labels == labels.targets).astype(np.float64)
        if folds is not None:
            parts.append(fold_ranking(network.probabilities, labels, folds))
    members = {column.name: column.members() for column in columns}

    def figures(weights: np.ndarray) -> Mapping[str, np.ndarray]:
        found = {name: values for part in parts for name, values in part(weights).items()}
        del found["loss"]
        if folds is not None:  # scores of different networks are not ranked together
            found = {name: each for name, each in found.items() if name not in RANKED_TOGETHER}
        for name, inside in members.items():
            means = ratio((weights * quality) @ inside, weights @ inside)
            found[IN_BINS + name] = np.sqrt(means) if labels.kind == "votes" else means
        return found

    return figures
