"""Refusal of an input of which no image can be used."""

from __future__ import annotations

from collections.abc import Mapping

from astroclf.bundle import Bundle
from astroclf.data.inputs.source import ImageInput
from astroclf.errors import UserError, listed


def require_an_image(images: ImageInput, model: Bundle, reasons: Mapping[str, int]) -> None:
    """Raise UserError unless an image was predicted.

    reasons: reason -> number of rows, "" for those that were predicted.
    """
    if reasons.get("", 0) or not reasons:
        return
    total = sum(reasons.values())
    known = (f"{reason} ({count:,})" for reason, count in reasons.items() if reason)
    found = listed(known, 4, "; ")
    subject = "its image cannot" if total == 1 else f"none of its {total:,} images can"
    wanted = images.wanted or wanted_images(model)
    raise UserError(f"{images.title}: {subject} be used: {found}. Give {wanted}.")


def wanted_images(model: Bundle) -> str:
    """Return the kind of images that a model takes."""
    depth = {"8-bit": "8-bit ", "16-bit": "16-bit ", "float": "floating-point "}.get(
        model.depth or "", ""
    )
    bands = model.pixels.bands
    count = f"{len(bands)} band" if len(bands) == 1 else f"{len(bands)} bands"
    return f"{depth}images of {count} ({', '.join(bands)}), as those that the model was trained on"
