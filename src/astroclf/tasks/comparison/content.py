"""From compared runs to the content of compare.json and compare.csv."""

from __future__ import annotations

import math
from collections.abc import Iterator

from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.evaluation.paired.differences import Difference
from astroclf.reports.compare.words import family, letter, verdict
from astroclf.runs.comparison import (
    StoredAgreement,
    StoredComparison,
    StoredDifference,
    StoredFolds,
    StoredRun,
)
from astroclf.tasks.comparison.compare_runs import ComparedRuns


def stored_comparison(compared: ComparedRuns) -> StoredComparison:
    """Return the content of compare.json."""
    comparison, common = compared.comparison, compared.common
    return StoredComparison(
        runs=[
            StoredRun(letter=letter(k), folder=run.name, kind=run.kind, n_images=count)
            for k, (run, count) in enumerate(zip(compared.runs, common.counts, strict=True))
        ],
        n_images=len(common.ids),
        grouped=common.labels.groups is not None,
        n_tests=comparison.n_tests,
        family=family(comparison),
        verdicts=[verdict(comparison, pair) for pair in comparison.pairs],
        warnings=list(common.warnings),
        differences=[each for pair in comparison.pairs for each in _differences(comparison, pair)],
        agreement=[each for pair in comparison.pairs for each in _agreement(pair)],
        folds=[each for pair in comparison.pairs for each in _folds(pair)],
    )


def _differences(comparison: Comparison, pair: Pair) -> Iterator[StoredDifference]:
    labels = comparison.labels
    for each in pair.overall:
        yield _stored(pair, each, "all", "", len(labels))
    for k, (name, differences) in enumerate(pair.per_class.items()):
        n = int((labels.leading == k).sum()) if labels.kind == "classes" else len(labels)
        for each in differences:
            yield _stored(pair, each, "class", name, n)
    for column, bins in pair.binned.items():
        for inside in bins:
            subset = f"{column} {inside.low:g} to {inside.high:g}"
            yield _stored(pair, inside.difference, "bin", subset, inside.n)


def _stored(pair: Pair, each: Difference, of: str, subset: str, n: int) -> StoredDifference:
    low, high = each.ci95 or (None, None)
    return StoredDifference(
        a=letter(pair.a),
        b=letter(pair.b),
        metric=each.metric,
        of=of,
        subset=subset,
        n_images=n,
        value_a=_finite(each.a),
        value_b=_finite(each.b),
        difference=_finite(each.value),
        low=low,
        high=high,
        p_value=each.p_value,
        p_holm=each.p_holm,
        test=each.test,
        detectable=each.detectable,
        note=each.note,
    )


def _agreement(pair: Pair) -> Iterator[StoredAgreement]:
    if (found := pair.discordance) is not None:
        yield StoredAgreement(
            a=letter(pair.a),
            b=letter(pair.b),
            both_right=found.both_right,
            only_a=found.only_a,
            only_b=found.only_b,
            both_wrong=found.both_wrong,
            mcnemar=found.p_value(),
        )


def _folds(pair: Pair) -> Iterator[StoredFolds]:
    for each in pair.over_folds:
        low, high = each.ci95 or (None, None)
        yield StoredFolds(
            a=letter(pair.a),
            b=letter(pair.b),
            metric=each.metric,
            mean=_finite(each.mean),
            std=_finite(each.std),
            low=low,
            high=high,
        )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
