"""Bundle of the trained model that `model_from` names."""

from __future__ import annotations

import logging
from dataclasses import replace

from astroclf.bundle import Bundle, read_bundle
from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.tasks.model_from.names import find_models

log = logging.getLogger(__name__)

CHOSEN = "model_from"  # key of the provenance of an opened bundle


def open_model(settings: Settings) -> Bundle:
    """Return the trained model that settings.model_from names, on the device of trainer.device.

    Its provenance has the folder of the bundle, and why it was chosen, as `model_from`. Raises
    UserError if there is no such model.
    """
    names = settings.model_from or ()
    found = find_models(names, settings)
    if len(found) != 1:
        raise UserError(f"model_from={','.join(names)}: give one run folder or bundle.")
    log.info("%-12s%s", "model", found[0])
    bundle = read_bundle(found[0].bundle, settings.trainer.device)
    return replace(bundle, provenance={**bundle.provenance, CHOSEN: str(found[0])})
