"""How much each parameter decides whether a trial is among the best."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import optuna
from optuna.importance import PedAnovaImportanceEvaluator

from astroclf.sweep.content import SweepContent, copy_of, study_of

FEWEST_TRIALS = 4
# PED-ANOVA sets the best trials apart from the rest: a tenth of them, but five if it can.
BEST_SHARE, FEWEST_BEST, LARGEST_BEST_SHARE = 0.1, 5, 0.5


@dataclass(frozen=True)
class Importance:
    """Parameter -> its share of the importance (they sum to 1), the largest first.

    remark: how it was estimated or, if `shares` is empty, why it was not; one sentence or two.
    """

    shares: dict[str, float]
    remark: str


def importances(content: SweepContent) -> dict[str, float]:
    """Shares of the first objective's importance; empty where they cannot be estimated."""
    return assess_importance(content).shares


def assess_importance(content: SweepContent, objective: int = 0) -> Importance:
    """PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255), conditional parameters included."""
    trials, name = content.complete, content.objectives[objective]
    values = [trial.values[objective] for trial in trials]
    if len(trials) < FEWEST_TRIALS:
        return Importance({}, f"It takes at least {FEWEST_TRIALS} complete trials to estimate it.")
    if not content.varying:
        return Importance({}, "Every parameter has one value in all trials.")
    if min(values) == max(values):
        return Importance({}, f"All complete trials have the same {name}.")
    best_share = min(LARGEST_BEST_SHARE, max(BEST_SHARE, FEWEST_BEST / len(trials)))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=best_share)
    copies = [copy_of(trial, [value]) for trial, value in zip(trials, values, strict=True)]
    try:
        study = study_of(copies, [content.directions[objective]])
        with warnings.catch_warnings():
            # That few trials make a poor estimate stands in the remark.
            warnings.simplefilter("ignore", UserWarning)
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except ValueError as error:
        return Importance({}, f"Optuna could not estimate it: {error}")
    varying = {parameter.name for parameter in content.varying}
    shares = {name: float(share) for name, share in shares.items() if name in varying}
    if not any(share > 0 for share in shares.values()) or not all(
        map(math.isfinite, shares.values())
    ):
        return Importance({}, "No parameter sets the best trials apart from the others.")
    return Importance(
        shares,
        f"Estimated by Optuna’s PED-ANOVA from {len(trials)} complete trials: how differently "
        f"the best {best_share:.0%} of them chose each parameter.",
    )
