"""Pruners of trials."""

from __future__ import annotations

from optuna.pruners import BasePruner, MedianPruner, PatientPruner, WilcoxonPruner

from astroclf.sweep.targets import Node, read_target


def make_pruner(node: Node) -> BasePruner:
    """Return the pruner, whose state is the study alone.

    node: an entry of `nodes.PRUNERS`, with the user's changes, or any `_target_` with its arguments.

    Raises UserError for a target that cannot be imported or made, an unknown argument, and a value
    that does not fit.
    """
    pruner: BasePruner = read_target("pruner", node).make()
    return pruner


def is_paired(pruner: BasePruner) -> bool:
    """Return whether it compares trials step by step: a step is then one fold, not a running mean."""
    return isinstance(pruner, WilcoxonPruner)


def patient_median_pruner(
    *,
    patience: int,
    min_delta: float,
    n_startup_trials: int,
    n_warmup_steps: int,
    interval_steps: int,
    n_min_trials: int,
) -> PatientPruner:
    """Return a median pruner that spares trials which have improved within `patience` steps."""
    median = MedianPruner(
        n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials
    )
    return PatientPruner(median, patience, min_delta)
