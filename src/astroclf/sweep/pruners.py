"""The node of a pruner -> Optuna's pruner."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from optuna import pruners
from optuna.exceptions import ExperimentalWarning

from astroclf.errors import UserError
from astroclf.sweep.nodes import PRUNERS
from astroclf.sweep.options import read_options


def make_pruner(node: Mapping[str, Any]) -> pruners.BasePruner:
    """A pruner; all that it must remember lies in the study.

    node: an entry of `nodes.PRUNERS`, with the user's changes.

    Raises UserError for an unknown name or option, and for a value that does not fit.
    """
    name, options = read_options("pruner", node, PRUNERS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return _make(name, options)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"hydra/sweeper/pruner={name} cannot be made: {str(error).rstrip('.')}."
        ) from error


def _make(name: str, options: dict[str, Any]) -> pruners.BasePruner:
    if name == "patient":
        patience = {option: options.pop(option) for option in ("patience", "min_delta")}
        return pruners.PatientPruner(pruners.MedianPruner(**options), **patience)
    classes = {
        "none": pruners.NopPruner,
        "median": pruners.MedianPruner,
        "percentile": pruners.PercentilePruner,
        "successive_halving": pruners.SuccessiveHalvingPruner,
        "hyperband": pruners.HyperbandPruner,
        "wilcoxon": pruners.WilcoxonPruner,
    }
    made: pruners.BasePruner = classes[name](**options)
    return made
