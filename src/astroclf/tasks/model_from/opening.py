"""Bundle of the trained model, or the ensemble of those, that `model_from` names."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from astroclf.bundle import Bundle, join, read_bundle
from astroclf.errors import UserError
from astroclf.files import shortest
from astroclf.settings import Settings
from astroclf.tasks.model_from.names import FoundModel, find_models

log = logging.getLogger(__name__)

CHOSEN = "model_from"  # key of the provenance of an opened model


def open_model(settings: Settings) -> Bundle:
    """Return the trained model that settings.model_from names, on the device of trainer.device.

    Several models are an ensemble. The provenance has the folders of their bundles, and why they were
    chosen, as `model_from`. With evaluation.conformal, prediction sets of that level replace those of
    the model. Raises UserError if there is no such model.
    """
    names = settings.model_from
    if not names:
        raise UserError("model_from is not set. Give a trained model as model_from=<run folder>.")
    model = open_found(find_models(names, settings), settings.trainer.device)
    level = settings.evaluation.conformal
    return model if level is None else model.with_prediction_sets(level)


def open_found(found: Sequence[FoundModel], device: str) -> Bundle:
    """Return the model of one bundle, or the ensemble of several."""
    for each in found:
        log.info("%-12s%s", "model", each)
    members = [read_bundle(each.bundle, device) for each in found]
    model = members[0]
    if len(members) > 1:
        ensemble = join(members, [str(shortest(each.bundle)) for each in found])
        for note in ensemble.notes:
            log.warning("%s", note)
        model = ensemble
    chosen = ", ".join(map(str, found))
    return replace(model, provenance={**model.provenance, CHOSEN: chosen})
