"""Networks: our own small ones, and every network that timm knows."""

from astroclf.models.build import BuiltModel, build_model

__all__ = ["BuiltModel", "build_model"]
