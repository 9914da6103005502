"""A bundle as an MLflow model (pyfunc): loaded by `mlflow.pyfunc.load_model` and `mlflow models serve`.

The model is data alone: a bundle, and MLflow's description that names this module. What runs is the
astroclf that is installed on the serving machine; nothing is unpickled.

- model: rows of images to rows of predictions.
- images: one row of a request to an array.
- limits: bounds of a request to MLflow's server.
- folder: writing of MLflow's description, with signature, input example and pinned requirements.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astroclf.serving.model import ServedModel

BUNDLE = "bundle"  # its folder in the MLflow model


def _load_pyfunc(path: str) -> ServedModel:
    """Return the model in a folder; MLflow calls this function of the loader module."""
    from astroclf.bundle import read_bundle
    from astroclf.serving.limits import MOST_IMAGES, bound_requests, is_server
    from astroclf.serving.model import ServedModel

    bundle = read_bundle(Path(path) / BUNDLE)
    if not is_server():
        return ServedModel(bundle)
    bound_requests()
    return ServedModel(bundle, MOST_IMAGES)
