"""Content of the report of one run; `report.write_report` turns it into a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from astroclf.evaluation.results import Evaluation
from astroclf.evaluation.shift import Shift

Thumbnails = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class ReportContent:
    """One run.

    title: model and data set, such as "mobilenet on star_galaxy_sdss".
    evaluation: its figures show `evaluation.shown_split`.
    thumbnails: positions (n,) in the shown split -> (n, H, W, 3) uint8 RGB, for the few images shown.
    history: one row an epoch: `epoch` (from 1), `lr`, `train_loss`, `val_loss`, `val_<metric>` ...
    monitor: the validation metric that selected `best_epoch`.
    calibration_bins: bins of the reliability diagram, those that `ece` was measured with.
    resamples: bootstrap resamples behind each interval; 0 if there are none.
    facts: name -> value of what describes the run (seed, device, images/s ...), in order.
    warnings: sentences that no reader may miss.
    weights: layer -> its weights, flat, for kernels and matrices only (biases and the scales of
        normalization layers are distributed otherwise).
    shift: differences of the shown images from the training images; None for those of a training.
    """

    title: str
    evaluation: Evaluation
    thumbnails: Thumbnails
    history: Sequence[Mapping[str, float]]
    monitor: str
    best_epoch: int
    calibration_bins: int
    resamples: int
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    shift: Shift | None = None

    @property
    def classes(self) -> Sequence[str]:
        """Names of the K classes or answers."""
        return self.evaluation.shown.labels.classes

    @property
    def resampled_groups(self) -> bool:
        """True if groups of images were resampled rather than images."""
        return self.evaluation.shown.labels.groups is not None
