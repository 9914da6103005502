"""Choice of one of several finished runs: the last one, or the best one by the metric they monitored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from astroclf.errors import State, UserError, counted, listed
from astroclf.settings.metrics import METRICS
from astroclf.tracking.lookup import KnownRun
from astroclf.tracking.names import SELECTED, metric_name

TRAINING_TASKS = ("train", "crossval")
MONITOR, FINGERPRINT = "trainer.monitor", "dataset_fingerprint"


def finished_trainings(runs: Iterable[KnownRun], place: str, key: str) -> list[KnownRun]:
    """Return the finished trainings among runs, in the order of their end.

    place: of the runs, for the UserError that is raised if there is none; key: the setting.
    """
    found = [run for run in runs if run.task in TRAINING_TASKS and run.state == State.COMPLETE]
    if not found:
        raise UserError(
            f"{key}: there is no finished training in {place}. Train one, or give a run folder or a bundle."
        )
    return sorted(found, key=lambda run: run.end_ms)


def select_best(runs: Sequence[KnownRun], key: str) -> tuple[KnownRun, str]:
    """Return the run with the best validation metric, and the reason in words.

    Raises UserError if the runs monitored different metrics, or have other images or splits, whose
    values are not comparable.
    """
    monitors = _distinct(run.parameters.get(MONITOR, "") for run in runs)
    if len(monitors) > 1:
        raise UserError(
            f"{key}: the runs monitored different metrics ({listed(monitors)}). Give a run folder, last, or "
            "tracking.experiment=<name> of runs with one trainer.monitor."
        )
    data = _distinct(run.tags.get(FINGERPRINT, "unknown") for run in runs)
    if len(data) > 1:
        raise UserError(
            f"{key}: the runs have {len(data)} different sets of images, labels or splits, so their validation "
            "metrics are not comparable. Give a run folder, last, or tracking.experiment=<name> of runs on one "
            "dataset; task=compare compares runs on the images that they share."
        )
    metric = METRICS[monitors[0]]
    values = [(value_of(run), run) for run in runs]
    known = [(value, run) for value, run in values if value is not None]
    if not known:
        raise UserError(f"{key}: no run has a val {metric.name}. Give a run folder or last.")
    sign = 1 if metric.higher_is_better else -1
    value, best = max(known, key=lambda each: sign * each[0])
    return best, f"best val {metric.name} of {counted(len(runs), 'run')}: {value:.4f}"


def value_of(run: KnownRun) -> float | None:
    """Return the validation metric that a run monitored, of the weights in its bundle."""
    return run.metrics.get(metric_name(SELECTED, run.parameters[MONITOR]))


def _distinct(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))
