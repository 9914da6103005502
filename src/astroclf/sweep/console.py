"""Console line of a trial that has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from astroclf.errors import State
from astroclf.status import duration
from astroclf.sweep.content import SweepContent, state_of, time_s


def trial_line(content: SweepContent, trial: FrozenTrial, total: int, left_s: float) -> str:
    """Return one line: state and values of a trial, the best so far, its parameters, and the time left.

    total: trials that should finish. left_s: estimated seconds until they have.
    """
    n_finished = sum(
        each.state in (TrialState.COMPLETE, TrialState.PRUNED) for each in content.trials
    )
    state = state_of(trial)
    parts = [f"trial {trial.number:>3}  {state.upper() if state == State.FAILED else state:<8}"]
    parts.append(_values(content, trial))
    if trial.state == TrialState.FAIL:
        parts.append(str(trial.user_attrs.get("reason", "")))
    elif content.best is not None and len(content.objectives) == 1:
        best = content.value(content.best)
        parts.append(f"best {best:.4g} (trial {content.best.number})")
    parts.append(shown_params(trial.params))
    taken_s = time_s(trial)
    parts.append("" if taken_s is None else f"{taken_s:.1f} s")
    left = f", about {duration(left_s)} left" if n_finished < total else ""
    parts.append(f"{n_finished}/{total}{left}")
    return "  ".join(part for part in parts if part)


def _values(content: SweepContent, trial: FrozenTrial) -> str:
    values = [content.value(trial, index) for index in range(len(content.objectives))]
    return "  ".join(
        f"{name} {value:.4g}"
        for name, value in zip(content.objectives, values, strict=True)
        if value is not None
    )


def shown_params(params: Mapping[str, Any]) -> str:
    """Return parameters by the last part of their name, where it is unique."""
    last = [key.rpartition(".")[2] for key in params]
    return " ".join(
        f"{short if last.count(short) == 1 else key}={_shown(value)}"
        for (key, value), short in zip(params.items(), last, strict=True)
    )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "null" if value is None else str(value)


def remaining_s(times_s: Sequence[float], n_left: int, n_at_once: int) -> float:
    """Return the estimated time of the remaining trials, from the mean of the finished ones."""
    if not times_s:
        return 0.0
    return sum(times_s) / len(times_s) * n_left / max(1, n_at_once)
