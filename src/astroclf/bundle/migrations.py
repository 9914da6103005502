"""Migrations of bundle.json: from each older format to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astroclf.models.bundle_files import FORMAT


def migrate(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a bundle.json in the newest format.

    Raises ValueError for content that lacks what its format has.
    """
    migrated = dict(content)
    try:
        while migrated["format"] < FORMAT:
            migrated = {**STEPS[migrated["format"]](migrated), "format": migrated["format"] + 1}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{error} is missing or of the wrong type") from error
    return migrated


def _state_features(content: dict[str, Any]) -> dict[str, Any]:
    """Format 3 has model.features."""
    model = content["model"]
    is_timm = model.get("family") == "timm"
    return content | {"model": {"features": "last", **model} if is_timm else model}


def _state_depth(content: dict[str, Any]) -> dict[str, Any]:
    """Format 4 has checksums, the depth of the training images and `made_by`."""
    depth = None  # of linear values: 16-bit files and arrays of flux cannot be distinguished
    if content["pixels"]["stretch"] != "linear":
        depth = "8-bit" if content["preprocess"]["unit"][0] == 255 else "16-bit"
    return content | {"depth": depth, "made_by": {}}


def _state_framing(content: dict[str, Any]) -> dict[str, Any]:
    """Format 5 has `framing`, and the names of the settings."""
    pixels, cut, depth = content["pixels"], content["cut"], content["depth"]
    framing = {key: pixels[key] for key in ("bands", "stretch")}
    framing |= {key: cut[key] for key in ("crop_px", "image_px")}
    limit = content["facts"].get("dataset", {}).get("max_megapixels")
    if limit is not None:
        framing["max_megapixels"] = limit
    replaced = ("cut", "views", "made_by", "has_votes")
    return {key: value for key, value in content.items() if key not in replaced} | {
        "depth": "float" if depth == "flux" else depth,
        "framing": None if depth == "flux" else {**framing, "depth": depth},
        "tta_views": content["views"],
        "provenance": content["made_by"],
    }


def _state_reference(content: dict[str, Any]) -> dict[str, Any]:
    """Format 6 may have a reference, and prediction sets in its decision."""
    return content | {"reference_checksum": None}


STEPS = {2: _state_features, 3: _state_depth, 4: _state_framing, 5: _state_reference}
