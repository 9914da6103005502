"""Content of the report of one run; `report.write_report` turns it into a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from astroclf.evaluation.results import Evaluation
from astroclf.evaluation.shift import Shift
from astroclf.reports.pictures import LeakContent

Thumbnails = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class ReportContent:
    """One run.

    title: the task, the network, the strategy and the data set.
    evaluation: its figures show `evaluation.shown_split`.
    thumbnails: positions (n,) in the shown split -> (n, H, W, 3) uint8 RGB, for the few images shown.
    calibration_bins: bins of the reliability diagram, those that `ece` was measured with.
    resamples: bootstrap resamples behind each interval; 0 if there are none.
    about: topic -> name -> words on what was run, in order: data, network, training ...
    command: that started the run. links: text -> address of a result; relative to the page for files
        beside it.
    warnings: sentences that no reader may miss.
    history: one row an epoch: `epoch` (from 1), `lr`, `train_loss`, `val_loss`, `val_<metric>` ...;
        empty where nothing was trained.
    monitor: the validation metric that selected `best_epoch`.
    weights: layer -> its weights, flat, for kernels and matrices only (biases and the scales of
        normalization layers are distributed otherwise).
    shift: differences of the shown images from the training images; None for those of a training.
    leaks: between the splits; None where there are none.
    """

    title: str
    evaluation: Evaluation
    thumbnails: Thumbnails
    calibration_bins: int
    resamples: int
    about: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    command: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    history: Sequence[Mapping[str, float]] = ()
    monitor: str = "loss"
    best_epoch: int = 0
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    shift: Shift | None = None
    leaks: LeakContent | None = None

    @property
    def classes(self) -> Sequence[str]:
        """Names of the K classes or answers."""
        return self.evaluation.shown.labels.classes

    @property
    def resampled_groups(self) -> bool:
        """True if groups of images were resampled rather than images."""
        return self.evaluation.shown.labels.groups is not None
