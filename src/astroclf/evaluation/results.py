"""Evaluation of a model: the decision, and the predictions and scores of every split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

# Splits of a training and parts of other images, from those that the model was never chosen on.
BEST_EVIDENCE = ("new", "unknown", "test", "val")


class Features(NamedTuple):
    """Features of some images of a split: their positions in it, (n,) int64, and (n, F) float32."""

    positions: np.ndarray
    values: np.ndarray


def split_title(name: str) -> str:
    """Return the heading of a split of a training."""
    return "val (used for model selection)" if name == "val" else name


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
    model is no better than a constant prediction. titles: split -> its heading, where it has another
    than that of a training.
    """

    splits: Mapping[str, SplitResult]
    decision: FittedDecision
    warnings: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown_split(self) -> str:
        """The split of the figures: the best evidence that there is."""
        ranked = [name for name in BEST_EVIDENCE if name in self.splits]
        return ranked[0] if ranked else list(self.splits)[-1]

    def title_of(self, split: str) -> str:
        """Return the heading of a split in tables and figures."""
        return self.titles.get(split) or split_title(split)

    @property
    def shown(self) -> SplitResult:
        """The result of the split of the figures."""
        return self.splits[self.shown_split]

    @property
    def compared(self) -> dict[str, ComparedDecisions]:
        """Split -> metrics without and with the decision."""
        results = self.splits.items()
        return {name: each.comparison for name, each in results if each.comparison is not None}
