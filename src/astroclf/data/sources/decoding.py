"""Parallel decoding of image files into one array, with a reason for each file left out."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from astroclf.data.formats import GRAY, RGB, BadImage, Depth, Header, read_header
from astroclf.data.framing import Framing
from astroclf.data.sources.agreement import find_mismatches
from astroclf.data.store import Notes, keep_images, new_images
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.status import status

BANDS = {"auto": None, 1: GRAY, 3: RGB}  # by dataset.channels
CHUNK = 64  # files that a thread takes at a time
NAMED = 3  # files that a message names for one reason

Item = TypeVar("Item")
Result = TypeVar("Result")


def decode_files(
    draft: Path, files: Sequence[Path], names: Sequence[str], settings: sections.Files
) -> Notes:
    """Fill `images.npy` of the draft with the files, and return notes about them.

    Notes: `bad`, position -> reason; `pages`, position -> number, of files with several frames;
    `source_px`, the width before resizing where all share it; `bands` and `depth` of the images.

    Raise UserError for images that differ from most, unless `on_bad_image` is skip, and if no file
    can be used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about files that are reported here
        read = _or_reason(lambda file: read_header(file, settings.max_megapixels))
        headers = list(map_in_threads(read, files))
        good = [(names[i], h) for i, h in enumerate(headers) if isinstance(h, Header)]
        odd = find_mismatches(good, settings)
        headers = [odd.get(name, header) for name, header in zip(names, headers, strict=True)]
        bad = {i: reason for i, reason in enumerate(headers) if isinstance(reason, str)}
        if len(bad) < len(files):
            first = next(header for header in headers if isinstance(header, Header))
            framing = framing_of(
                settings,
                BANDS[settings.channels] or first.bands,
                first.depth,
                settings.image_px or settings.crop_px or first.square_px,
            )
            bad = _fill(draft, files, headers, framing)
    if len(bad) == len(files):
        reasons = {names[i]: reason for i, reason in bad.items()}
        raise UserError(f"None of the {len(files):,} images can be used: {reasons_of(reasons)}.")
    kept = {i: h for i, h in enumerate(headers) if isinstance(h, Header) and i not in bad}
    if bad:
        keep_images(draft, np.array(list(kept)))
    sides = {header.square_px for header in kept.values()}
    common_px = sides.pop() if len(sides) == 1 else None
    return {
        "bad": bad,
        "pages": {i: header.n_frames for i, header in kept.items() if header.n_frames > 1},
        "source_px": settings.crop_px or common_px,
        "bands": framing.bands,
        "depth": framing.depth,
    }


def framing_of(
    settings: sections.Files, bands: tuple[str, ...], depth: Depth, image_px: int
) -> Framing:
    """Return the framing of files that agree in bands and depth.

    bands: of the images, after conversion. Values of more than 8 bits are linear.
    """
    return Framing(
        bands=bands,
        depth=depth,
        stretch=settings.stretch if depth == "8-bit" else "linear",
        crop_px=settings.crop_px,
        image_px=image_px,
        max_megapixels=settings.max_megapixels,
    )


def _fill(
    draft: Path, files: Sequence[Path], headers: Sequence[Header | str], framing: Framing
) -> dict[int, str]:
    """Decode every file into its place in the array; return position -> reason for the bad ones."""
    size = (framing.image_px, framing.image_px)
    images = new_images(draft, (len(files), len(framing.bands), *size), framing.dtype)
    read = _or_reason(framing.read)

    def fill(position: int) -> str | None:
        header = headers[position]
        image = header if isinstance(header, str) else read(files[position])
        if isinstance(image, str):
            return image
        images[position] = image
        return None

    bad = {}
    with status("decoding images", len(files), unit="image") as shown:
        for position, reason in enumerate(map_in_threads(fill, range(len(files)))):
            if reason is not None:
                bad[position] = reason
            shown.update()
    images.flush()
    return bad


def reasons_of(reasons: Mapping[str, str]) -> str:
    """Return the files by their reason, the first few of each.

    reasons: file -> reason.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        files[reason].append(name)
    groups = (f"{listed(names, NAMED)} ({reason})" for reason, names in files.items())
    return listed(groups, separator="; ")


def map_in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield the result of the function for each item, in their order."""
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for results in pool.map(lambda chunk: [function(item) for item in chunk], chunks):
            yield from results


def _or_reason(read: Callable[[Path], Result]) -> Callable[[Path], Result | str]:
    """Return the function with the reason as result where it raises BadImage."""

    def read_or_reason(file: Path) -> Result | str:
        try:
            return read(file)
        except BadImage as bad:
            return str(bad)

    return read_or_reason
