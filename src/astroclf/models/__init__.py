"""Networks: our own small ones, and every network that timm knows."""

from astroclf.models.build import BuiltModel, build_model, require_model
from astroclf.models.classifier import Classifier

__all__ = ["BuiltModel", "Classifier", "build_model", "require_model"]
