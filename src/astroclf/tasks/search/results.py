"""Results of a search: the files of its folder, and the metrics of its run in MLflow."""

from __future__ import annotations

from pathlib import Path

from astroclf.commands import run_command
from astroclf.errors import State
from astroclf.files import shortest
from astroclf.reports.sweep.report import write_sweep_report
from astroclf.sweep.content import SweepContent, count_states
from astroclf.sweep.importance import importances
from astroclf.sweep.overlay import write_overlay
from astroclf.sweep.table import write_trials
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.plan import Plan
from astroclf.tracking import Tracker
from astroclf.tracking.names import metric_name

PAGE = "sweep.html"


def write_results(
    plan: Plan, content: SweepContent, compositions: Compositions, tracker: Tracker
) -> None:
    """Write trials.csv, sweep.html and experiment/best.yaml, and log them to the tracker."""
    folder = plan.folder
    write_trials(folder / "trials.csv", content)
    write_sweep_report(folder / PAGE, content)
    artifacts = [folder / "trials.csv", folder / PAGE]
    if content.best is not None:
        groups, values = compositions.overlay(plan.space.overrides(content.best.params))
        best = folder / "experiment" / "best.yaml"
        best.parent.mkdir(exist_ok=True)
        write_overlay(best, header_lines=header_of(content, folder), groups=groups, values=values)
        artifacts.append(best)
    tracker.log_metrics(tracked_metrics(content))
    tracker.log_artifacts(artifacts)


def header_of(content: SweepContent, folder: Path) -> list[str]:
    """Return the comments at the head of best.yaml."""
    best = content.best
    assert best is not None
    reached = ", ".join(
        f"{name} {value:.4g}" for name, value in zip(content.objectives, best.values, strict=True)
    )
    return [
        f"Trial {best.number} of the study {content.study_name}: {reached} on val, the best of "
        f"{len(content.complete)} complete trials.",
        f"Train it: {best_command(folder)}",
    ]


def best_command(folder: Path) -> str:
    """Return the command that trains the best trial, ready to be pasted into a shell."""
    return run_command("--config-dir", str(shortest(folder)), experiment="best")


def tracked_metrics(content: SweepContent) -> dict[str, float]:
    """Return the best values, the number of ended trials by state, the importance of each parameter, and the
    metrics of the replicates."""
    metrics = {
        metric_name("trials", state): float(number)
        for state, number in count_states(content.trials).items()
        if state not in (State.WAITING, State.RUNNING)  # MLflow would keep them after the search
    }
    if content.best is not None:
        for name, value in zip(content.objectives, content.best.values, strict=True):
            metrics[metric_name("best", name)] = value
    for name, share in importances(content).items():
        metrics[metric_name("importance", name)] = share
    for name, replicated in (content.replicates or {}).items():
        if (mean := replicated["mean"]) is not None:
            metrics[metric_name(f"replicates_{content.replicated_on}", name)] = mean
    return metrics
