"""Images that lie in files: what all sources of files share."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TypeVar

import numpy as np

from astroclf.data import decode
from astroclf.data.dataset import Pixels
from astroclf.data.formats.header import Header
from astroclf.data.formats.kinds import BadImage, require_regular
from astroclf.data.sources.agreement import find_odd
from astroclf.data.store import Notes, StoredImages, cached_images, keep_images, new_images
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.status import status

BANDS = {1: ("grey",), 3: ("red", "green", "blue")}
CHUNK = 64  # files that a thread takes at a time
BLOCK = 2**20  # bytes that are hashed at a time
NAMED = 3  # files that a message names for one reason

log = logging.getLogger("astroclf")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class ReadFiles:
    """images: (n, C, H, W) of the files that could be read; kept: (n,) their positions in the
    list, ascending; skipped: file -> reason, for the others; pixels: what the values mean."""

    images: np.ndarray
    kept: np.ndarray
    skipped: dict[str, str]
    pixels: Pixels


def read_images(folder: Path, names: Sequence[str], settings: sections.Files) -> ReadFiles:
    """Decode files in parallel, once; later calls map the stored result into memory.

    names: paths relative to the folder, or absolute.

    Raises UserError if files cannot be read and `on_bad_image` is stop, if none can be read, and
    for images that do not fit together in size, channels or bits.
    """
    files = [folder / name for name in names]
    stored = cached_images(
        Path(settings.cache),
        f"files-{_content_key(files, settings)}",
        lambda draft: _decode_all(draft, files, names, settings),
    )
    bad = {int(position): reason for position, reason in stored.notes["bad"].items()}
    skipped = {names[position]: reason for position, reason in bad.items()}
    _refuse_bad(skipped, len(names), settings)
    _report_pages(stored.notes["pages"], names)
    return ReadFiles(stored.images, _others(len(names), bad), skipped, _pixels(stored, settings))


def name_ids(names: Sequence[str]) -> np.ndarray:
    """An id for each file, (N,) str: its name without extension, or its path where several files
    have that name."""
    stems = [PurePath(name).stem for name in names]
    count = Counter(stems)
    return np.array([s if count[s] == 1 else n for s, n in zip(stems, names, strict=True)], str)


def _content_key(files: Sequence[Path], settings: sections.Files) -> str:
    """A hash of every byte of every file, their order, and what decoding depends on."""
    options = (
        *(decode.VERSION, settings.crop_px, settings.image_px, settings.channels),
        settings.max_megapixels,
    )
    key = hashlib.blake2b(str(options).encode(), digest_size=10)
    for digest in _in_threads(_content_digest, files):
        key.update(digest)
    return key.hexdigest()


def _content_digest(file: Path) -> bytes:
    try:
        require_regular(file)
        digest = hashlib.blake2b(digest_size=16)
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    except (BadImage, OSError):
        return bytes(16)
    return digest.digest()


def _decode_all(
    draft: Path, files: Sequence[Path], names: Sequence[str], settings: sections.Files
) -> Notes:
    """Fill `images.npy` of the draft. Return notes: `bad`, position -> reason; `pages`, position ->
    number, of files with several; `source_px`, the width before resizing where all share it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about files that are reported here
        read = _or_reason(lambda file: decode.read_header(file, settings.max_megapixels))
        headers = list(_in_threads(read, files))
        good = [(names[i], h) for i, h in enumerate(headers) if isinstance(h, Header)]
        odd = find_odd(good, settings)
        headers = [odd.get(name, header) for name, header in zip(names, headers, strict=True)]
        bad = {i: reason for i, reason in enumerate(headers) if isinstance(reason, str)}
        if len(bad) < len(files):
            bad = _fill(draft, files, headers, settings)
    if len(bad) == len(files):
        reasons = {names[i]: reason for i, reason in bad.items()}
        raise UserError(f"None of the {len(files):,} images can be used: {_with_reasons(reasons)}.")
    kept = {i: h for i, h in enumerate(headers) if isinstance(h, Header) and i not in bad}
    if bad:
        keep_images(draft, np.array(list(kept)))
    sides = {header.square_px for header in kept.values()}
    common_px = sides.pop() if len(sides) == 1 else None
    return {
        "bad": bad,
        "pages": {i: header.pages for i, header in kept.items() if header.pages > 1},
        "source_px": settings.crop_px or common_px,
    }


def _fill(
    draft: Path,
    files: Sequence[Path],
    headers: Sequence[Header | str],
    settings: sections.Files,
) -> dict[int, str]:
    """Decode every file into its place in the array; return position -> reason for the bad ones."""
    first = next(header for header in headers if isinstance(header, Header))
    width_px = settings.image_px or settings.crop_px or first.square_px
    channels = first.channels if settings.channels == "auto" else settings.channels
    dtype = np.dtype(np.uint8 if first.bits == 8 else np.float32)
    images = new_images(draft, (len(files), channels, width_px, width_px), dtype)

    read = _or_reason(lambda file: decode.decode(file, settings.max_megapixels))

    def fill(position: int) -> str | None:
        header = headers[position]
        if isinstance(header, str):
            return header
        picture = read(files[position])
        if isinstance(picture, str):
            return picture
        images[position] = decode.fit(
            picture, settings.crop_px, settings.image_px, settings.channels
        )
        return None

    bad = {}
    with status("decoding images", len(files), unit="image") as shown:
        for position, reason in enumerate(_in_threads(fill, range(len(files)))):
            if reason is not None:
                bad[position] = reason
            shown.update()
    images.flush()
    return bad


def _refuse_bad(skipped: Mapping[str, str], total: int, settings: sections.Files) -> None:
    if skipped and settings.on_bad_image == "stop":
        raise UserError(
            f"{len(skipped):,} of {total:,} images cannot be used: {_with_reasons(skipped)}. "
            "Repair them, or leave them out with dataset.on_bad_image=skip."
        )


def _report_pages(pages: Mapping[str, int], names: Sequence[str]) -> None:
    if pages:
        log.warning(
            "%s of %s images have several pages or frames, of which the first is used: %s.",
            f"{len(pages):,}",
            f"{len(names):,}",
            listed(f"{names[int(position)]} ({count})" for position, count in pages.items()),
        )


def _pixels(stored: StoredImages, settings: sections.Files) -> Pixels:
    source_px, image_px = stored.notes["source_px"], stored.images.shape[-1]
    if source_px is None:
        log.warning(
            "Images of different sizes are all resized to %d px, so the pixel scale differs from image to "
            "image: set dataset.crop_px to keep it.",
            image_px,
        )
    scale = settings.pixel_scale_arcsec if source_px else None
    stretch = settings.stretch
    if stored.images.dtype == np.float32 and stretch != "linear":
        log.warning(
            "16-bit images are read as linear counts, not as dataset.stretch=%s: set "
            "dataset.stretch=linear.",
            stretch,
        )
        stretch = "linear"
    return Pixels(
        bands=BANDS[stored.images.shape[1]],
        pixel_scale_arcsec=scale and scale * source_px / image_px,
        stretch=stretch,
    )


def _others(total: int, positions: Iterable[int]) -> np.ndarray:
    return np.setdiff1d(np.arange(total), np.array(list(positions), np.int64))


def _with_reasons(reasons: Mapping[str, str]) -> str:
    """Return the files by their reason, the first of each."""
    files: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        files[reason].append(name)
    groups = (f"{listed(names, NAMED)} ({reason})" for reason, names in files.items())
    return listed(groups, separator="; ")


def _or_reason(read: Callable[[Path], Result]) -> Callable[[Path], Result | str]:
    """The same, but a bad image gives its reason instead of an exception."""

    def read_or_reason(file: Path) -> Result | str:
        try:
            return read(file)
        except BadImage as bad:
            return str(bad)

    return read_or_reason


def _in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield the result of the function for each item, in their order."""
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for results in pool.map(lambda chunk: [function(item) for item in chunk], chunks):
            yield from results
