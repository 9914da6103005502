"""Networks: small ones of this package, and all of timm."""

from astroclf.models.build import BuiltModel, build_model, require_model
from astroclf.models.classifier import Classifier

__all__ = ["BuiltModel", "Classifier", "build_model", "require_model"]
