"""Agreement of images in depth, channels and size, so that they fit into one array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astroclf.data.formats import Header
from astroclf.errors import UserError, listed
from astroclf.settings import sections

Picture = tuple[str, Header]  # file and header
KINDS = {1: "gray", 3: "color"}  # by number of bands


@dataclass(frozen=True)
class Property:
    """A property that all images must share. remedy: for images that differ in it."""

    name: str
    value: Callable[[Header], str]
    remedy: str


DEPTH = Property(
    "depth",
    lambda header: header.depth,
    "convert them, or use each kind as a separate dataset",
)
CHANNELS = Property(
    "channels",
    lambda header: KINDS.get(len(header.bands), f"{len(header.bands)} bands"),
    "choose dataset.channels=1 or dataset.channels=3 to convert them all",
)
SIZE = Property(
    "size", lambda header: f"{header.square_px} px", "set dataset.crop_px or dataset.image_px"
)


def find_mismatches(pictures: Sequence[Picture], settings: sections.Files) -> dict[str, str]:
    """Return file -> reason for the images that differ from most, which `on_bad_image=skip` drops.

    Raise UserError with their names if `on_bad_image` is stop or no kind is in the majority.
    """
    odd: dict[str, str] = {}
    shared = [DEPTH]
    if settings.channels == "auto" and settings.band_names is None:
        shared.append(CHANNELS)
    if settings.crop_px is None and settings.image_px is None:
        shared.append(SIZE)
    for each in shared:
        rest = [(file, header) for file, header in pictures if file not in odd]
        odd |= _minority(rest, each, settings)
    rest = [(file, header) for file, header in pictures if file not in odd]
    return odd | _too_small(rest, settings)


def _minority(
    pictures: Sequence[Picture], shared: Property, settings: sections.Files
) -> dict[str, str]:
    counts = Counter(shared.value(header) for _, header in pictures)
    if len(counts) < 2:
        return {}
    usual, n_usual = counts.most_common(1)[0]
    odd = {file: shared.value(h) for file, h in pictures if shared.value(h) != usual}
    has_majority = n_usual > len(pictures) / 2
    if settings.on_bad_image == "skip" and has_majority:
        return {file: f"{value}, unlike most, which are {usual}" for file, value in odd.items()}
    kinds = listed(f"{kind} ({count:,})" for kind, count in counts.most_common())
    named = listed(f"{file} ({value})" for file, value in odd.items())
    skip = ", or leave them out with dataset.on_bad_image=skip" if has_majority else ""
    raise UserError(
        f"Images differ in {shared.name}, {kinds}: {shared.remedy}{skip}. Unlike most: {named}."
    )


def _too_small(pictures: Sequence[Picture], settings: sections.Files) -> dict[str, str]:
    crop_px = settings.crop_px
    if settings.crop != "center":
        return {}
    small = [(file, h.square_px) for file, h in pictures if crop_px and h.square_px < crop_px]
    if not small:
        return {}
    if settings.on_bad_image == "skip" and len(small) < len(pictures):
        return {file: f"{px} px, less than dataset.crop_px={crop_px}" for file, px in small}
    raise UserError(
        f"dataset.crop_px={crop_px} is larger than {len(small):,} of {len(pictures):,} images, "
        f"{listed(f'{file} ({px} px)' for file, px in small)}: "
        f"choose {min(px for _, px in small)} at most"
        f"{', or leave them out with dataset.on_bad_image=skip' if len(small) < len(pictures) else ''}."
    )
