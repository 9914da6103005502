"""Bundle: the trained model as one folder with weights, classes, preprocessing and decision."""

from astroclf.bundle.bundle import Bundle
from astroclf.bundle.description import Description
from astroclf.bundle.ensemble import Ensemble
from astroclf.bundle.folder import read_bundle, write_bundle
from astroclf.bundle.joining import join
from astroclf.bundle.prediction import Prediction
from astroclf.bundle.reference import Reference

__all__ = [
    "Bundle",
    "Description",
    "Ensemble",
    "Prediction",
    "Reference",
    "join",
    "read_bundle",
    "write_bundle",
]
