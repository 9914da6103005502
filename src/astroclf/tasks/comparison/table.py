"""Tables of a comparison for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.evaluation.paired.differences import Difference
from astroclf.reports.compare.words import (
    caveats,
    family,
    interval_text,
    letter,
    number,
    p_text,
    verdict,
)
from astroclf.tasks.comparison.compare_runs import ComparedRuns
from astroclf.text_table import text_table

FIRST = 20  # width of the first column


def comparison_table(compared: ComparedRuns) -> str:
    """Return the runs, a table of differences for each pair, the verdicts, and what they hold for."""
    comparison = compared.comparison
    runs = [
        [letter(k), run.name, run.kind, f"{count:,} images"]
        for k, (run, count) in enumerate(zip(compared.runs, compared.common.counts, strict=True))
    ]
    parts = [text_table(runs)]
    parts += [_pair_table(comparison, pair) for pair in comparison.pairs]
    parts.append("\n".join(verdict(comparison, pair) for pair in comparison.pairs))
    return "\n\n".join([*parts, "\n".join(_notes(comparison))])


def _pair_table(comparison: Comparison, pair: Pair) -> str:
    a, b = letter(pair.a), letter(pair.b)
    header = [f"{len(comparison.labels):,} images", a, b, f"{b} - {a}", "95 % interval"]
    rows = [[*header, "p", "p (Holm)", "detectable"], *map(_row, pair.overall)]
    lines = [text_table(rows, first=FIRST)]
    lines += [f"{each.metric}: {each.note}." for each in pair.overall if each.note]
    if (found := pair.discordance) is not None:
        lines.append(
            f"right: both {found.both_right:,}, only {a} {found.only_a:,}, only {b} {found.only_b:,}, neither "
            f"{found.both_wrong:,}; exact McNemar {p_text(found.p_value())}"
        )
    return "\n".join(lines)


def _row(each: Difference) -> list[str]:
    return [
        each.metric,
        number(each.a, each.metric),
        number(each.b, each.metric),
        number(each.value, each.metric, sign=True),
        interval_text(each) or "-",
        *("-" if p is None else p_text(p).removeprefix("p ") for p in (each.p_value, each.p_holm)),
        "-" if each.detectable is None else number(each.detectable, each.metric),
    ]


def _notes(comparison: Comparison) -> Iterator[str]:
    tests = sorted({each.test for pair in comparison.pairs for each in pair.overall if each.test})
    if tests:
        yield f"p: {', '.join(tests)}; p (Holm): corrected for {family(comparison)}."
        yield "detectable: difference that a test at 5 % of such images finds in 80 % of the cases."
    yield from caveats(comparison)
