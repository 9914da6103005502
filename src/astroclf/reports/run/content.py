"""What a report is made of; `report.write_report` turns it into a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.thresholds import FittedThreshold
from astroclf.evaluation.metrics.baseline import Baseline
from astroclf.evaluation.metrics.bins import BinnedAccuracy
from astroclf.evaluation.metrics.scores import Scores

Thumbnails = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SplitResult:
    """What the model answered for the N images of one split.

    predictions: (N, K) float, probabilities of the classes or predicted vote fractions.
    labels: (N,) int64 classes as the decision gives them; None for votes.
    targets: (N,) int64 class indices or (N, K) vote fractions in [0, 1].
    ids: (N,) str.
    thumbnails: positions (n,) -> (n, H, W, 3) uint8 RGB, asked only for the few images shown.
    baseline: the metrics of the best constant prediction.
    without_overlap: of val and test, the scores without the images that overlap train (copies,
        neighbors on the sky, images of one group), and n_overlapping: how many these are.
    binned: accuracy of the labels along columns of a catalogue, if there is one.
    """

    scores: Scores
    predictions: np.ndarray
    labels: np.ndarray | None
    targets: np.ndarray
    ids: np.ndarray
    thumbnails: Thumbnails
    baseline: Baseline
    binned: Sequence[BinnedAccuracy] = ()
    without_overlap: Scores | None = None
    n_overlapping: int = 0

    @property
    def has_votes(self) -> bool:
        return self.targets.ndim == 2

    @property
    def positive_class(self) -> str | None:
        """The second of two classes, which roc_auc and average_precision are of; else None."""
        names = list(self.scores.per_class)
        return names[1] if len(names) == 2 and not self.has_votes else None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class DecisionContent:
    """How labels are decided, and what that brings.

    decision: the one in use.
    fit: what tuning the labels on val brought; None where it was not asked for.
    splits: name -> the split without temperature and tuning (most probable classes, or answers
        above 0.5) and with both. If `fit` is not kept, the labels with them are nevertheless
        those of its numbers. Of val they are `fit.labels`, cross-fitted. Holds at least the split
        that the figures show.
    notes: sentences on what these cannot tell, such as why no temperature was fitted.
    """

    decision: Decision
    fit: FittedThreshold | None
    splits: Mapping[str, ComparedDecisions]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ReportContent:
    """One run.

    title: what was trained on what, such as "mobilenet on star_galaxy_sdss".
    classes: the K names of classes or answers.
    splits: name -> result, in the order of the columns of the table of metrics. The figures show
        `test`, or `val` where there is no test split, or else the last one.
    history: one row an epoch: `epoch` (from 1), `lr`, `train_loss`, `val_loss`, `val_<metric>` ...
    monitor: the validation metric that chose `best_epoch`.
    facts: name -> value of what describes the run (seed, device, images/s ...), in order.
    warnings: sentences that no reader may miss.
    weights: layer -> its weights, flat, for kernels and matrices only (biases and the scales of
        normalisation layers are distributed otherwise).
    calibration_bins: bins of the reliability diagram, those that `ece` was measured with.
    resamples: bootstrap resamples behind each interval; 0 if there are none.
    resampled_groups: whether groups of images were resampled rather than images.
    decision: how labels are decided; None leaves its section out.
    """

    title: str
    classes: Sequence[str]
    splits: Mapping[str, SplitResult]
    history: Sequence[Mapping[str, float]]
    monitor: str
    best_epoch: int
    calibration_bins: int
    resamples: int
    resampled_groups: bool = False
    decision: DecisionContent | None = None
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def shown_split(self) -> str:
        """The split that the figures show."""
        present = [name for name in ("test", "val") if name in self.splits]
        return present[0] if present else list(self.splits)[-1]
