"""Letters of the compared models, and the verdict on a pair in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.evaluation.paired.differences import Difference
from astroclf.settings.metrics import METRICS

SIGNIFICANT = 0.05  # Holm-adjusted p-value


def letter(position: int) -> str:
    """Return A to Z, then A1, B1 and so on."""
    rounds, index = divmod(position, len(ascii_uppercase))
    return ascii_uppercase[index] + (str(rounds) if rounds else "")


def verdict(comparison: Comparison, pair: Pair) -> str:
    """Return the conclusion on the headline metric of a pair in one sentence."""
    found = pair.of(comparison.labels.headline)
    a, b = (
        f"{letter(position)} ({comparison.contenders[position].name})"
        for position in (pair.a, pair.b)
    )
    if found.ci95 is None:
        return (
            f"{b} minus {a} is {number(found.value, found.metric, sign=True)} in {found.metric}, without "
            f"an interval{_reason(found)}."
        )
    p_value = "not tested" if found.p_holm is None else f"Holm-adjusted {p_text(found.p_holm)}"
    is_significant = found.p_holm is not None and found.p_holm <= SIGNIFICANT
    if is_significant:
        better, worse = (b, a) if found.b_is_better else (a, b)
        bounds = sorted(map(abs, found.ci95))
        same_sign = found.ci95[0] * found.ci95[1] > 0
        shown = bounds if same_sign else sorted(found.ci95, reverse=found.value < 0)
        interval = ", ".join(number(bound, found.metric) for bound in shown)
        return (
            f"{better} is better than {worse} by {number(abs(found.value), found.metric)} [{interval}] in "
            f"{found.metric} ({p_value})."
        )
    excluded = max(map(abs, found.ci95))
    return (
        f"No difference in {found.metric} can be shown between {a} and {b}: B − A is "
        f"{number(found.value, found.metric, sign=True)} {interval_text(found)} ({p_value}); differences above "
        f"{number(excluded, found.metric)} are excluded with 95 % confidence."
    ).replace("B − A", f"{letter(pair.b)} − {letter(pair.a)}")


def number(value: float, metric: str, *, sign: bool = False) -> str:
    """Return a value of a metric, or a difference of two, with the digits of the metric."""
    return f"{value:{'+' if sign else ''}z.{METRICS[metric].digits}f}"


def interval_text(difference: Difference) -> str:
    """Return "[-0.012, +0.003]", or "" without an interval."""
    if difference.ci95 is None:
        return ""
    low, high = (number(bound, difference.metric, sign=True) for bound in difference.ci95)
    return f"[{low}, {high}]"


def p_text(p_value: float) -> str:
    """Return "p 0.012", or "p < 0.001"."""
    return "p < 0.001" if p_value < 0.001 else f"p {p_value:.3f}"


def family(comparison: Comparison) -> str:
    """Return the family of tests that p-values were corrected for, in words."""
    n_pairs = len(comparison.pairs)
    tested = {each.metric for pair in comparison.pairs for each in pair.overall if each.test}
    metrics = [name for name in METRICS if name in tested]
    pairs = "1 pair of runs" if n_pairs == 1 else f"{n_pairs} pairs of runs"
    tests = "1 test" if comparison.n_tests == 1 else f"{comparison.n_tests} tests"
    return f"{tests}: {pairs} by {', '.join(metrics) or 'no metric'}"


def caveats(comparison: Comparison) -> list[str]:
    """Return what the intervals and tests are for, and what they leave out."""
    by_groups = comparison.labels.groups is not None
    unit = "groups of images" if by_groups else "images"
    found = []
    single = [
        letter(k)
        for k, each in enumerate(comparison.contenders)
        if len(each) == 1 and each.folds is None
    ]
    several = [letter(k) for k, each in enumerate(comparison.contenders) if len(each) > 1]
    if several:
        found.append(
            f"Intervals hold for other {unit} of this kind and other seeds of {_and(several)}."
        )
    if single:
        found.append(
            f"{_and(single)} {'is one trained network' if len(single) == 1 else 'are one trained network each'}: "
            f"intervals hold for other {unit} of this kind, not for other seeds. Train with seeds=[1,2,3] to "
            "include these."
        )
    if any(each.folds is not None for each in comparison.contenders):
        found.append(
            "Out-of-fold predictions of a cross-validation are pooled, roc_auc and average_precision are means over "
            "folds; intervals are those of the images, without the dependence of the folds through their "
            "common training images."
        )
    if by_groups and any(pair.discordance is not None for pair in comparison.pairs):
        found.append(
            "Images of one group are not independent, which the exact McNemar test assumes: accuracy is tested by sign "
            "flips of whole groups, and McNemar's p-value is shown for reference alone."
        )
    return found


def _and(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _reason(difference: Difference) -> str:
    reason = difference.note.removeprefix("no interval: ")
    return f" ({reason})" if reason else ""
