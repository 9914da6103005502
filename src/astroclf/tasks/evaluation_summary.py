"""Table of metrics that ends task=evaluate on the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from astroclf.tasks.model_evaluation import ModelEvaluation
from astroclf.tasks.summary import baseline_line, interval_lines, metric_rows, overlap_lines
from astroclf.text_table import text_table


def summarize_evaluation(
    evaluated: ModelEvaluation, paths: Mapping[str, str], *, has_intervals: bool
) -> str:
    """Return the metrics of every part with their intervals, notes on them, and the paths."""
    evaluation = evaluated.evaluation
    notes = [baseline_line(evaluation), *overlap_lines(evaluation)]
    if has_intervals:
        notes += ["", *interval_lines(evaluation)]
    blocks = [text_table(metric_rows(evaluation), first=20), "\n".join(notes)]
    if evaluated.shift is not None:
        blocks.append("\n".join(shift_lines(evaluated)))
    return "\n" + "\n\n".join([*blocks, text_table(list(paths.items()), first=12)])


def shift_lines(evaluated: ModelEvaluation) -> list[str]:
    """Return a line on the differences from the training images, whether large or not."""
    shift = evaluated.shift
    assert shift is not None
    lines = []
    if shift.unlike is not None:
        low, high = shift.unlike.ci95
        lines.append(
            f"unlike the training images (p < 0.05): {shift.unlike.share:.1%} [{low:.1%}, {high:.1%}] of the "
            f"{shift.of}; 5 % are expected."
        )
    if shift.quantities:
        found = "; ".join(f"{each.label} of {each.of}" for each in shift.large[:5])
        lines.append(f"different from the training images: {found or 'no quantity by much'}.")
    return lines
