"""Report of a search: one self-contained HTML file."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from astroclf.files import write_text
from astroclf.reports.page import render_page
from astroclf.reports.sweep import parameter_plots, plots
from astroclf.reports.sweep.pareto import pareto_fronts
from astroclf.sweep.content import STATES, SweepContent, count_states, state_of, time_s
from astroclf.sweep.importance import Importance, assess_importance
from astroclf.sweep.space.parameters import Parameter, as_text

MOST_ROWS = 200
REFRESH_S = 30  # seconds after which a browser reloads the page of a running search


def write_sweep_report(path: Path, content: SweepContent, *, is_running: bool = False) -> None:
    """Write or replace the page atomically: UTF-8, without scripts.

    is_running: True for the page of a search that runs, which a browser reloads.
    """
    found = [assess_importance(content, index) for index in range(len(content.objectives))]
    page = render_page(
        Path(__file__).parent,
        "sweep.html.j2",
        title=f"Search {content.study_name}",
        facts=content.facts,
        filters={"figure": figure, "duration": duration, "text": as_text},
        refresh_s=REFRESH_S if is_running else None,
        content=content,
        counts=dict.fromkeys(STATES.values(), 0) | count_states(content.trials),
        state=state_of,
        time_s=time_s,
        savings=pruning_sentences(content),
        selection_note=selection_note(content),
        constants=constant_parameters(content),
        rows=table_rows(content)[:MOST_ROWS],
        **_charts(content, found),
    )
    write_text(path, page)


def _charts(content: SweepContent, found: Sequence[Importance]) -> dict[str, Any]:
    """Return the charts of a search, None for those without data."""
    chosen = most_important(content, found[0])
    pruned = [t for t in content.of_state(TrialState.PRUNED) if content.value(t) is not None]
    drawable = bool(content.complete and chosen)
    several = len(content.objectives) > 1
    return {
        "importance": [
            (name, each.remark, plots.importance_bars(each.shares, name) if each.shares else None)
            for name, each in zip(content.objectives, found, strict=True)
        ],
        "history": plots.history(content) if content.complete or pruned else None,
        "reports": plots.reports(content),
        "parallel": parameter_plots.parallel_coordinates(content, chosen) if drawable else None,
        "n_axes": len(chosen),
        "slices": parameter_plots.slices(content, content.varying) if drawable else None,
        "fronts": pareto_fronts(content) if several and content.complete else [],
    }


def selection_note(content: SweepContent) -> str:
    """Return the caption of the best value: it is the maximum over trials, and has a standard error."""
    n, best = len(content.complete), content.best
    if best is None:
        return ""
    extreme = "highest" if content.directions[0] == "maximize" else "lowest"
    note = (
        f"The {extreme} of {n} complete trials on val, which selected it: expect a worse value on new images."
        if n > 1
        else "One complete trial, on val."
    )
    if content.objectives[0] != "accuracy" or not content.n_val_images:
        return note if content.replicates else f"{note} {WITHOUT_INTERVAL}"
    error = math.sqrt(best.values[0] * (1 - best.values[0]) / content.n_val_images)
    images = f"{content.n_val_images:,} images of val"
    return f"{note} The standard error of one trial on the {images} is {error:.4f}."


WITHOUT_INTERVAL = "Its uncertainty is unknown: search.replicates=5 trains the best trial with five seeds and measures it."


def constant_parameters(content: SweepContent) -> str:
    """Return the searched parameters that had one value in all trials, with that value."""
    varying = {parameter.name for parameter in content.varying}
    values = {name: value for trial in content.trials for name, value in trial.params.items()}
    return ", ".join(f"{name}={as_text(values[name])}" for name in values if name not in varying)


def most_important(content: SweepContent, importance: Importance) -> list[Parameter]:
    """Return the most important parameters that fit side by side, in order of appearance."""
    shares = importance.shares
    ranked = sorted(content.varying, key=lambda each: -shares.get(each.name, 0))
    kept = {each.name for each in ranked[: parameter_plots.MOST_AXES]}
    return [each for each in content.varying if each.name in kept]


def table_rows(content: SweepContent) -> list[FrozenTrial]:
    """Return all trials by state, the best first within a state."""
    return [trial for state in STATES for trial in content.ranked(content.of_state(state))]


def pruning_sentences(content: SweepContent) -> list[str]:
    """Return sentences about the number of pruned trials, and the time saved."""
    pruned = content.of_state(TrialState.PRUNED)
    n_ended = len(pruned) + len(content.complete)
    if not pruned:
        return ["No trial was pruned."]
    sentences = [f"{len(pruned)} of {n_ended} trials ({len(pruned) / n_ended:.0%}) were pruned."]
    full, part = (
        [taken for trial in trials if (taken := time_s(trial)) is not None]
        for trials in (content.complete, pruned)
    )
    if not full or len(part) < len(pruned):
        return [*sentences, "The time saved is unknown, since some times are missing."]
    # The first trial alone may have computed the features of them all.
    typical = statistics.median(full)
    whole, spent = typical * len(pruned), sum(part)
    if spent >= whole:
        return [*sentences, "They took as long as complete ones, so nothing was saved."]
    return [
        *sentences,
        f"They took {duration(spent)} together; had each taken the {duration(typical)} of the median "
        f"complete trial, it would have been {duration(whole)}. So pruning saved about "
        f"{duration(whole - spent)}, {(whole - spent) / (whole + sum(full)):.0%} of the time that "
        "all of them would have taken.",
    ]


def figure(value: float | None) -> str:
    """Return a value of an objective or metric as text; a dash where there is none."""
    if value is None or value != value:
        return "–"
    if float(value).is_integer() and abs(value) >= 1000:
        return f"{int(value):,}"
    return f"{value:.4f}" if 1e-3 <= abs(value) < 100 or value == 0 else as_text(value)


def duration(seconds: float | None) -> str:
    """Return a time as text; a dash where there is none."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
