"""Comparison of several models on the images that all of them predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from astroclf.evaluation.labels import Labels
from astroclf.evaluation.paired.contender import Contender, Measurement, replicate_networks
from astroclf.evaluation.paired.differences import (
    WITHOUT_INTERVAL,
    BinDifference,
    Difference,
    PairOfModels,
    tested_metrics,
)
from astroclf.evaluation.paired.discordance import Discordance
from astroclf.evaluation.paired.holm import holm_adjusted
from astroclf.evaluation.paired.over_folds import FoldDifference, differences_over_folds

Pairing = Literal["all", "first"]


@dataclass(frozen=True, eq=False)
class Pair:
    """Differences of two contenders, B - A; a, b: their positions.

    discordance: of one network each. over_folds: of two cross-validations with the same folds.
    """

    a: int
    b: int
    overall: Sequence[Difference]
    per_class: dict[str, list[Difference]]
    binned: dict[str, list[BinDifference]]
    discordance: Discordance | None
    over_folds: Sequence[FoldDifference]

    def of(self, metric: str) -> Difference:
        """Return the difference of one metric over all images."""
        return next(each for each in self.overall if each.metric == metric)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Differences of all pairs; n_tests: size of the family that Holm's correction is for.

    labels: of the N images that all contenders predicted. ids: (N,) str.
    """

    contenders: Sequence[Contender]
    labels: Labels
    ids: np.ndarray
    pairs: Sequence[Pair]
    n_tests: int
    resamples: int


def compare(
    contenders: Sequence[Contender],
    labels: Labels,
    ids: np.ndarray,
    measurement: Measurement,
    *,
    pairing: Pairing = "all",
    tested: Sequence[str] | None = None,
) -> Comparison:
    """Compare each pair of contenders, or each one with the first.

    tested: metrics whose p-values are corrected together, over all pairs; None for all that have one.
    """
    metrics = tested_metrics(labels)
    chosen = metrics if tested is None else tested
    networks = [replicate_networks(each, labels, measurement) for each in contenders]
    positions = list(combinations(range(len(contenders)), 2))
    pairs = []
    for a, b in positions if pairing == "all" else [each for each in positions if each[0] == 0]:
        both = PairOfModels(
            contenders[a], contenders[b], networks[a], networks[b], labels, measurement
        )
        overall = [
            each if each.metric in chosen else replace(each, p_value=None, test="")
            for each in both.overall(metrics)
        ]
        pairs.append(
            Pair(
                a=a,
                b=b,
                overall=overall,
                per_class=both.per_class(),
                binned={column.name: both.in_bins(column) for column in measurement.columns},
                discordance=both.discordance(),
                over_folds=differences_over_folds(
                    contenders[a],
                    contenders[b],
                    labels,
                    measurement,
                    [name for name in metrics if name not in WITHOUT_INTERVAL],
                ),
            )
        )
    adjusted, n_tests = _adjust(pairs)
    return Comparison(contenders, labels, ids, adjusted, n_tests, measurement.resampling.n)


def _adjust(pairs: Sequence[Pair]) -> tuple[list[Pair], int]:
    """Return the pairs with p-values corrected over all of them, and the number of tests."""
    raw = [each.p_value for pair in pairs for each in pair.overall if each.p_value is not None]
    corrected = iter(holm_adjusted(np.array(raw)).tolist())
    adjusted = [
        replace(
            pair,
            overall=[
                each if each.p_value is None else replace(each, p_holm=next(corrected))
                for each in pair.overall
            ],
        )
        for pair in pairs
    ]
    return adjusted, len(raw)
