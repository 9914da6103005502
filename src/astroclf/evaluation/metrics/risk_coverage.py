"""Risk-coverage curve: error of the labels that remain if the least certain images are set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import Measured, estimate
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.resampling import Resampling, replicate

POINTS = 50  # of the curve that is kept


@dataclass(frozen=True)
class RiskCoverage:
    """Risk-coverage curve of one split (El-Yaniv & Wiener 2010, JMLR 11, 1605), as in metrics.json.

    coverage: fractions of the images that keep their label, ascending, the last one 1. error: the
    fraction of these labels that is wrong (selective error). aurc: area under the curve, the mean of
    the error over all coverages (Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206).
    """

    coverage: tuple[float, ...]
    error: tuple[float, ...]
    aurc: Measured

    def error_at(self, coverage: float) -> float:
        """Return the error at the smallest coverage of the curve that is no less than this one."""
        return self.error[int(np.searchsorted(self.coverage, coverage - 1e-9))]


def risk_coverage(
    predicted: Predicted, labels: Labels, resampling: Resampling
) -> RiskCoverage | None:
    """Return the curve of labels ordered by their probability; None without images.

    Images of the same probability are kept or set aside together.

    predicted, labels: of classes.
    """
    if not len(labels):
        return None
    confidence = predicted.probabilities[np.arange(len(labels)), predicted.labels]
    order = np.argsort(-confidence, kind="stable")
    wrong = (predicted.labels != labels.leading)[order]
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))  # of equal confidences

    def area(weights: np.ndarray) -> dict[str, np.ndarray]:
        kept = np.cumsum(weights[:, order], axis=1)
        risk = ratio(np.cumsum(weights[:, order] * wrong, axis=1)[:, ends], kept[:, ends])
        steps = np.diff(kept[:, ends], prepend=0.0, axis=1)
        # Without weight so far, the risk is not defined, and its step is 0.
        return {"aurc": ratio((np.nan_to_num(risk) * steps).sum(axis=1), kept[:, -1])}

    coverage = (ends + 1) / len(labels)
    error = np.cumsum(wrong)[ends] / (ends + 1)
    shown = np.unique(np.searchsorted(coverage, np.arange(1, POINTS + 1) / POINTS - 1e-9))
    return RiskCoverage(
        tuple(coverage[shown].tolist()),
        tuple(error[shown].tolist()),
        estimate(replicate(area, len(labels), resampling, labels.leading)["aurc"], "logit"),
    )
