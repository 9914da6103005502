"""Objectives of a search, and their directions."""

from __future__ import annotations

from collections.abc import Sequence

from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.settings.metrics import COSTS, VOTES, higher_is_better, metric_names

MAXIMIZE, MINIMIZE = "maximize", "minimize"


def read_objectives(settings: Settings) -> tuple[str, ...]:
    """Return the names of the optimized metrics of val and costs.

    Raises UserError for a name that is neither, for one given twice, and for replicates of the best
    trial of several objectives.
    """
    wanted = settings.search.objective or settings.trainer.monitor
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    metrics = metric_names(settings.dataset.target_kind)
    for name in names:
        if name not in (*metrics, *COSTS):
            raise UserError(
                f"search.objective={name} is not measured by trials. Choose among "
                f"{', '.join((*metrics, *COSTS))}."
            )
    if len(set(names)) < len(names):
        raise UserError(f"search.objective={list(names)} names one objective twice.")
    if settings.search.replicates and len(names) > 1:
        raise UserError(
            "search.replicates trains the best trial again, and with several objectives there is no single best: "
            "set it to 0, and run experiment=best of the trial you choose."
        )
    return names


def require_comparable(settings: Settings, *, is_default_allowed: bool = False) -> None:
    """Raise UserError where trials of different losses would be compared by the loss.

    The value of a loss has its own units: focal loss, label smoothing and class weights scale it.
    is_default_allowed: whether trainer.monitor=loss will be replaced, since the user has not set it.
    """
    remedy = "rmse" if settings.dataset.target_kind == VOTES else "log_loss"
    objective = settings.search.objective
    named = (objective,) if isinstance(objective, str) else objective or ()
    key, value = "search.objective", objective if isinstance(objective, str) else _listed(named)
    if "loss" not in named:
        if settings.trainer.monitor != "loss" or is_default_allowed:
            return
        key, value = "trainer.monitor", "loss"
    raise UserError(
        f"{key}={value}: losses of different kinds or settings cannot be compared, and this search varies them. "
        f"Set {key}={_listed([remedy if name == 'loss' else name for name in named or ['loss']])}, or fix loss and its keys."
    )


def better(name: str) -> str:
    """Return the direction of optimization of a metric or a cost."""
    return MAXIMIZE if higher_is_better(name) else MINIMIZE


def read_directions(objectives: Sequence[str], wanted: str | Sequence[str] | None) -> list[str]:
    """Return the direction of each objective: as wanted, or the better one for None.

    Raises UserError where a direction would look for the worst, and for another number of them.
    """
    natural = [better(name) for name in objectives]
    if wanted is None:
        return natural
    given = [wanted] if isinstance(wanted, str) else list(wanted)
    if len(given) != len(objectives):
        raise UserError(
            f"hydra.sweeper.direction={_listed(given)} and the objectives ({', '.join(objectives)}) differ in number: "
            "name them in search.objective=[accuracy,parameters], with one direction each, or leave the direction out."
        )
    for name, direction, right in zip(objectives, given, natural, strict=True):
        if direction != right:
            raise UserError(
                f"hydra.sweeper.direction={_listed(given)} would look for the worst {name}: "
                f"write {right}, or leave it out."
            )
    return given


def _listed(given: Sequence[str]) -> str:
    return given[0] if len(given) == 1 else f"[{','.join(given)}]"
