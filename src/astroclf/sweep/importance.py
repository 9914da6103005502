"""Hyperparameter importance by PED-ANOVA."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState

from astroclf.sweep.content import SweepContent, copy_of, reported_values, study_of

FEWEST_TRIALS = 4
# PED-ANOVA compares the best trials with the rest: a tenth of them, but five where possible.
BEST_SHARE, FEWEST_BEST, LARGEST_BEST_SHARE = 0.1, 5, 0.5


@dataclass(frozen=True)
class Importance:
    """Parameter -> its share of the importance (they sum to 1), the largest first.

    remark: how it was estimated or, if `shares` is empty, why it was not; one sentence or two.
    """

    shares: dict[str, float]
    remark: str


def importances(content: SweepContent) -> dict[str, float]:
    """Return the shares of the first objective's importance; empty where they cannot be estimated."""
    return assess_importance(content).shares


def assess_importance(content: SweepContent, objective: int = 0) -> Importance:
    """Estimate importances by PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255), conditional
    parameters included.

    Pruned trials count: without them, the trials that are left resemble each other in the parameters
    that matter most. As Optuna's TPE sampler does, they are ranked below all complete trials, those
    that came further first, and by their value where they were pruned at a common epoch.
    """
    complete, name = content.complete, content.objectives[objective]
    if len(complete) < FEWEST_TRIALS:
        return Importance({}, f"It takes at least {FEWEST_TRIALS} complete trials to estimate it.")
    if not content.varying:
        return Importance({}, "Every parameter has one value in all trials.")
    losses = _losses(content, objective)
    if len(set(losses.values())) == 1:
        return Importance({}, f"All trials have the same {name}.")
    best_share = min(LARGEST_BEST_SHARE, max(BEST_SHARE, FEWEST_BEST / len(losses)))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=best_share)
    copies = [copy_of(content.trials[number], [loss]) for number, loss in losses.items()]
    try:
        study = study_of(copies, ["minimize"])
        with warnings.catch_warnings():
            # The remark warns of a poor estimate from few trials.
            warnings.simplefilter("ignore", UserWarning)
            shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except ValueError as error:
        return Importance({}, f"Optuna could not estimate it: {error}")
    varying = {parameter.name for parameter in content.varying}
    shares = {name: float(share) for name, share in shares.items() if name in varying}
    total = sum(shares.values()) or 1.0  # parameters with one value have none
    shares = {name: share / total for name, share in shares.items()}
    if not any(share > 0 for share in shares.values()) or not all(
        map(math.isfinite, shares.values())
    ):
        return Importance({}, "No parameter sets the best trials apart from the others.")
    n_pruned = len(losses) - len(complete)
    pruned = f" and {n_pruned} pruned trials, which rank below them" if n_pruned else " trials"
    return Importance(
        shares,
        f"Estimated by Optuna’s PED-ANOVA from {len(complete)} complete{pruned}: how differently "
        f"the best {best_share:.0%} of them chose each parameter.",
    )


def _losses(content: SweepContent, objective: int) -> dict[int, float]:
    """Return index -> rank value of each complete and pruned trial, the lower the better."""
    sign = -1.0 if content.directions[objective] == "maximize" else 1.0
    indices = {id(trial): index for index, trial in enumerate(content.trials)}
    losses = {indices[id(each)]: sign * each.values[objective] for each in content.complete}
    reports = {
        indices[id(trial)]: reported
        for trial in content.of_state(TrialState.PRUNED)
        if len(content.objectives) == 1 and (reported := reported_values(trial))
    }

    def rank(index: int) -> tuple[int, float]:
        epoch = max(reports[index])
        return -epoch, sign * reports[index][epoch]

    worst = max(losses.values())
    ranked = sorted(reports, key=rank)
    return losses | {index: worst + 1 + place for place, index in enumerate(ranked)}
