"""Trained models by the value of `model_from`: run folders and bundles."""

from __future__ import annotations

from astroclf.bundle import Bundle, read_bundle
from astroclf.errors import UserError
from astroclf.files import named_path
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings


def open_model(settings: Settings) -> Bundle:
    """Return the trained model that settings.model_from names, on the device of trainer.device.

    Raises UserError if there is no such model.
    """
    names = settings.model_from or ()
    if len(names) != 1:
        raise UserError(f"model_from={','.join(names)}: give one run folder or bundle.")
    path = named_path(names[0], "model_from")
    bundle = RunFolder(path).bundle
    return read_bundle(bundle if bundle.is_dir() else path, settings.trainer.device)
