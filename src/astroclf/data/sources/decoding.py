"""Parallel decoding of image files into one array, with a reason for each file left out."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from astroclf.data.bands import Bands, ImageFiles, read_image_header
from astroclf.data.formats import (
    GRAY,
    RGB,
    BadImage,
    Depth,
    Header,
    ImageFile,
    plane_name,
    read_header,
)
from astroclf.data.framing import Framed, Framing
from astroclf.data.sources.agreement import find_mismatches
from astroclf.data.sources.crop_settings import crop_of, require_flux
from astroclf.data.store import Notes, keep_images, new_images
from astroclf.data.threads import map_ahead
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.status import status

BANDS: dict[int | str, tuple[str, ...]] = {1: GRAY, 3: RGB}  # by dataset.channels
CHUNK = 64  # files that a thread takes at a time
NAMED = 3  # files that a message names for one reason

Result = TypeVar("Result")


def decode_files(draft: Path, images: Sequence[ImageFiles], settings: sections.Files) -> Notes:
    """Fill `images.npy` of the draft with the images, and return notes about them.

    Notes: `bad`, position -> reason; `pages`, position -> number, of files with several frames;
    `source_px`, the width before resizing where all share it; `bands` and `depth` of the images;
    `masked`, position -> the bands that the files lack; `invalid`, position -> share of invalid pixels
    that were replaced.

    Raise UserError for images that differ from most, unless `on_bad_image` is skip, and if no file
    can be used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about files that are reported here
        headers = list(map_ahead(_header_reader(settings), images, CHUNK))
        names = [image.name for image in images]
        good = [(names[i], h) for i, h in enumerate(headers) if isinstance(h, Header)]
        odd = find_mismatches(good, settings)
        headers = [odd.get(name, header) for name, header in zip(names, headers, strict=True)]
        bad = {i: reason for i, reason in enumerate(headers) if isinstance(reason, str)}
        if len(bad) < len(images):
            first = next(header for header in headers if isinstance(header, Header))
            framing = framing_of(
                settings,
                settings.band_names or BANDS.get(settings.channels) or _usual_bands(headers),
                first.depth,
                settings.image_px or settings.crop_px or first.square_px,
            )
            bad, invalid = _fill(draft, images, headers, framing)
    if len(bad) == len(images):
        reasons = {names[i]: reason for i, reason in bad.items()}
        raise UserError(f"None of the {len(images):,} images can be used: {reasons_of(reasons)}.")
    kept = {i: h for i, h in enumerate(headers) if isinstance(h, Header) and i not in bad}
    if bad:
        keep_images(draft, np.array(list(kept)))
    sides = {header.square_px for header in kept.values()}
    common_px = sides.pop() if len(sides) == 1 else None
    return {
        "bad": bad,
        "invalid": invalid,
        "pages": {i: header.n_frames for i, header in kept.items() if header.n_frames > 1},
        "source_px": None if settings.has_squares_of_objects else settings.crop_px or common_px,
        "bands": framing.bands,
        "depth": framing.depth,
        "masked": {i: lacking for i, h in kept.items() if (lacking := lacking_bands(h, settings))},
    }


def chosen_bands(settings: sections.Files) -> Bands | None:
    """Return the bands that the settings choose by name, None for all bands of the files."""
    names = settings.band_names
    if names is None:
        return None
    planes = settings.bands.values() if isinstance(settings.bands, dict) else names
    numbered = (plane_name(int(each)) if each.isdecimal() else each for each in planes)
    return Bands(names, tuple(numbered), settings.missing_band)


def lacking_bands(header: Header, settings: sections.Files) -> list[str]:
    """Return the chosen bands that an image does not have."""
    return [name for name in settings.band_names or () if name not in header.bands]


def _header_reader(settings: sections.Files) -> Callable[[ImageFiles], Header | str]:
    bands = chosen_bands(settings)

    def read_one(file: ImageFile) -> Header:
        return read_header(file, settings.max_megapixels, settings.hdu)

    return _or_reason(lambda image: read_image_header(image.files, bands, read_one))


def framing_of(
    settings: sections.Files, bands: tuple[str, ...], depth: Depth, image_px: int
) -> Framing:
    """Return the framing of files that agree in bands and depth.

    bands: of the images, after conversion. Values of more than 8 bits are linear. Raise UserError
    as `require_flux`.
    """
    chosen = chosen_bands(settings)
    require_flux(settings, depth)
    return Framing(
        bands=bands,
        depth=depth,
        stretch=settings.stretch if depth == "8-bit" else "linear",
        crop_px=settings.crop_px,
        image_px=image_px,
        hdu=settings.hdu,
        max_megapixels=settings.max_megapixels,
        sky=settings.sky,
        planes=None if chosen is None or chosen.planes == bands else chosen.planes,
        missing_band=settings.missing_band,
        pattern=settings.file_pattern,
        image_columns=settings.band_columns,
        crop=crop_of(settings),
    )


def _usual_bands(headers: Sequence[Header | str]) -> tuple[str, ...]:
    """Return the names that most files give their bands."""
    named = Counter(header.bands for header in headers if isinstance(header, Header))
    return named.most_common(1)[0][0]


def _fill(
    draft: Path, images: Sequence[ImageFiles], headers: Sequence[Header | str], framing: Framing
) -> tuple[dict[int, str], dict[int, float]]:
    """Decode every image into its place in the array.

    Return position -> reason for the bad ones, and position -> share of invalid pixels where it is
    above 0.
    """
    size = (framing.image_px, framing.image_px)
    decoded = new_images(draft, (len(images), len(framing.bands), *size), framing.dtype)
    prepare = _or_reason(lambda image: framing.prepare(image.files, image.place))

    def fill(position: int) -> str | float:
        header = headers[position]
        framed: Framed | str = header if isinstance(header, str) else prepare(images[position])
        if isinstance(framed, str):
            return framed
        decoded[position] = framed.image
        return framed.invalid_share

    bad, invalid = {}, {}
    with status("decoding images", len(images), unit="image") as shown:
        for position, result in enumerate(map_ahead(fill, range(len(images)), CHUNK)):
            if isinstance(result, str):
                bad[position] = result
            elif result > 0:
                invalid[position] = result
            shown.update()
    decoded.flush()
    return bad, invalid


def reasons_of(reasons: Mapping[str, str]) -> str:
    """Return the files by their reason, the first few of each.

    reasons: file -> reason.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        files[reason].append(name)
    groups = (f"{listed(names, NAMED)} ({reason})" for reason, names in files.items())
    return listed(groups, separator="; ")


def _or_reason(read: Callable[[ImageFiles], Result]) -> Callable[[ImageFiles], Result | str]:
    """Return the function with the reason as result where it raises BadImage."""

    def read_or_reason(image: ImageFiles) -> Result | str:
        try:
            return read(image)
        except BadImage as bad:
            return str(bad)

    return read_or_reason
