"""Whether pictures from many files can stand in one array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from astroclf.data.decode import Header
from astroclf.errors import UserError
from astroclf.settings import sections

LISTED = 10  # kinds that a message names


def check_agreement(pictures: Sequence[tuple[str, Header]], settings: sections.Files) -> None:
    """Raises UserError if the pictures, (file, header), cannot stand in one array: known before
    anything is decoded."""
    bits = Counter(f"{header.bits}-bit" for _, header in pictures)
    if len(bits) > 1:
        raise UserError(
            f"Images differ in depth, {_counted(bits)}: convert them, or give each kind as a dataset of its own."
        )
    colours = Counter("grey" if header.channels == 1 else "colour" for _, header in pictures)
    if len(colours) > 1 and settings.channels == "auto":
        raise UserError(
            f"Images differ in channels, {_counted(colours)}: choose dataset.channels=1 or dataset.channels=3 "
            "to convert them all."
        )
    crop_px = settings.crop_px
    small = [name for name, header in pictures if crop_px and header.square_px < crop_px]
    if small:
        smallest = min(header.square_px for _, header in pictures)
        raise UserError(
            f"dataset.crop_px={crop_px} is larger than {len(small):,} of {len(pictures):,} images, the first "
            f"{small[0]}: choose {smallest} at most."
        )
    widths = Counter(f"{header.square_px} px" for _, header in pictures)
    if len(widths) > 1 and crop_px is None and settings.image_px is None:
        raise UserError(
            f"Images differ in size, {_counted(widths)}: set dataset.crop_px or dataset.image_px."
        )


def _counted(kinds: Counter[str]) -> str:
    named = [f"{kind} ({count:,})" for kind, count in kinds.most_common(LISTED)]
    return ", ".join([*named, *(["..."] if len(kinds) > LISTED else [])])
