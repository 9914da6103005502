"""Agreement of the models of an ensemble: classes, kind of targets, bands and framing."""

from __future__ import annotations

from collections.abc import Sequence

from astroclf.bundle.bundle import Bundle
from astroclf.errors import UserError, listed


def require_agreement(members: Sequence[Bundle], names: Sequence[str]) -> None:
    """Raise UserError for the first two models that do not take the same images or have the same outputs.

    names: of the members, for the message. The order of the classes may differ.
    """
    first, *others = members
    for member, name in zip(others, names[1:], strict=True):
        for what, describe in TRAITS.items():
            if (one := describe(first)) != (other := describe(member)):
                raise UserError(
                    f"model_from=[{','.join(names)}]: the members of an ensemble differ in their {what}: "
                    f"{names[0]} has {one}, {name} has {other}. Give models that agree, or one at a time."
                )


def _kind(member: Bundle) -> str:
    return "classes" if member.decision.activation.rows_sum_to_one else "vote fractions"


def _framing(member: Bundle) -> str:
    """Return the preparation of files in words, without the limit of their size."""
    framing = member.framing
    if framing is None:
        return "none"
    crop = "the largest square" if framing.crop_px is None else f"the central {framing.crop_px} px"
    if framing.crop is not None:
        width = "" if framing.crop_px is None else f" ({framing.crop_px} px)"
        crop = f"{framing.crop}{width}"
    hdu = "" if framing.hdu is None else f" of HDU {framing.hdu}"
    sky = "" if framing.sky == "none" else f" minus its sky ({framing.sky})"
    return f"{crop}{hdu}{sky} of {framing.depth or 'any'} files"


TRAITS = {
    "classes": lambda member: listed(sorted(member.classes)),
    "kind of targets": _kind,
    "bands": lambda member: ", ".join(member.pixels.bands),
    "image size": lambda member: f"{member.image_px} px",
    "stretch": lambda member: member.pixels.stretch,
    "pixel scale": lambda member: str(member.pixels.pixel_scale_arcsec),
    "depth": lambda member: str(member.depth),
    "framing": _framing,
    "cutouts": lambda member: "none" if member.cutouts is None else str(member.cutouts.shared),
    "catalog columns": lambda member: ", ".join(member.columns) or "none",
}
