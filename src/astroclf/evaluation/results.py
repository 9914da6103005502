"""Evaluation of a model: the decision, and the predictions and scores of every split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.baseline import Baseline
from astroclf.evaluation.metrics.bins import BinnedAccuracy
from astroclf.evaluation.metrics.risk_coverage import RiskCoverage
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.metrics.set_metrics import SetScores


class Features(NamedTuple):
    """Features of some images of a split: their positions in it, (n,) int64, and (n, F) float32."""

    positions: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class SplitResult:
    """Predictions for the N images of one split, and their scores.

    ids: (N,) str. baseline: metrics of the best constant prediction. comparison: metrics without
    and with the decision, of val and test. without_overlap: of val and test, the scores without the
    images that overlap train (copies, neighbors on the sky, images of one group), of which there
    are n_overlapping. binned: accuracy along columns of the user's metadata.
    sets: coverage and size of the prediction sets; None without sets. risk_coverage: None for votes.
    logits: (N, K) float32. features: of some of the images; None where they were not kept.
    """

    ids: np.ndarray
    labels: Labels
    predicted: Predicted
    scores: Scores
    baseline: Baseline
    comparison: ComparedDecisions | None = None
    without_overlap: Scores | None = None
    n_overlapping: int = 0
    binned: Sequence[BinnedAccuracy] = ()
    sets: SetScores | None = None
    risk_coverage: RiskCoverage | None = None
    logits: np.ndarray | None = None
    features: Features | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Evaluation of a model on one or several splits.

    splits: split -> result, in the order of the columns of the table of metrics. decision: the
    source of every label and probability, fitted on val. warnings: sentences, such as that the
    model is no better than a constant prediction.
    """

    splits: Mapping[str, SplitResult]
    decision: FittedDecision
    warnings: tuple[str, ...] = ()

    @property
    def shown_split(self) -> str:
        """The split of the figures: test, or val where there is no test split, or else the last."""
        present = [name for name in ("test", "val") if name in self.splits]
        return present[0] if present else list(self.splits)[-1]

    @property
    def shown(self) -> SplitResult:
        """The result of the split of the figures."""
        return self.splits[self.shown_split]

    @property
    def compared(self) -> dict[str, ComparedDecisions]:
        """Split -> metrics without and with the decision."""
        results = self.splits.items()
        return {name: each.comparison for name, each in results if each.comparison is not None}
