"""Images of a source that is read once, in order: framed in threads, and appended to the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from astroclf.data.formats import BadImage, Depth, Header, decode_bytes
from astroclf.data.framing import Framed, Framing
from astroclf.data.image_arrays import as_stored, depth_of_values, find_axes, header_of, to_nchw
from astroclf.data.image_writer import ImageWriter
from astroclf.data.picture_hashes import PictureHashes
from astroclf.data.sources.decoding import (
    BANDS,
    chosen_bands,
    framing_of,
    lacking_bands,
    reasons_of,
)
from astroclf.data.sources.files import ReadFiles, describe_stored, framing_options
from astroclf.data.sources.picture_scan import scan_pictures
from astroclf.data.store import Notes, StoredImages, cached_images
from astroclf.data.threads import map_ahead
from astroclf.errors import UserError, counted
from astroclf.integrity import hash_bytes
from astroclf.settings import sections
from astroclf.status import status

CHUNK = 16  # images that a thread takes at a time
EMPTY = "no image in this row"

# Content of an image file, or (C, H, W) values; a reason, or None, for a row without an image.
Item = bytes | np.ndarray | BadImage | None


@dataclass(frozen=True)
class ImageStream:
    """Images of a source in the order of its rows.

    title: of the source, for messages. column: name of the images. count: number of rows, None if it
    is unknown before they are read. key: changes with the content of the source. items: starts reading
    from the first row. notes: is called after the last row, for notes of the cache beside the images.
    """

    title: str
    column: str
    count: int | None
    key: str
    items: Callable[[], Iterator[Item]]
    notes: Callable[[], Notes] = dict

    def names(self, count: int) -> list[str]:
        """Return a name for each of the rows."""
        return [f"{self.column}[{row}]" for row in range(count)]


def read_stream(stream: ImageStream, settings: sections.Files) -> ReadFiles:
    """Frame every image once; later calls map the stored result into memory.

    Images are prepared like the first one that can be read. Raise UserError as `files.read_images`.
    """
    return describe_stream(store_stream(stream, settings), stream, settings)


def store_stream(stream: ImageStream, settings: sections.Files) -> StoredImages:
    """Return the framed images of a stream, which is read only if they are not in the cache."""
    key = f"rows-{_key(stream, settings)}"
    return cached_images(
        Path(settings.cache), key, lambda draft: frame_images(draft, stream, settings)
    )


def describe_stream(
    stored: StoredImages, stream: ImageStream, settings: sections.Files
) -> ReadFiles:
    """Return the stored images of a stream with their meaning. Raise UserError as `describe_stored`."""
    read = describe_stored(stored, stream.names(stored.notes["rows"]), settings)
    key = f"rows-{_key(stream, settings)}"
    return replace(read, hashes=kept_hashes(read.images, Path(settings.cache), key))


def kept_hashes(images: np.ndarray, cache: Path, key: str) -> PictureHashes:
    """Return hashes of the pixels that are computed at the first use and kept in the cache."""
    return PictureHashes(images, lambda images: scan_pictures(images, cache, key).hashes)


def frame_images(draft: Path, stream: ImageStream, settings: sections.Files) -> Notes:
    """Write `images.npy` of the draft, and return notes as `decoding.decode_files` does."""
    bad: dict[int, str] = {}
    items = stream.items()
    first = _first(items, settings, bad)
    if first is None:
        raise none_usable(stream, bad)
    header, item = first
    framing, rows = _framing(header, settings), len(bad)
    sides: set[int] = set()
    invalid: dict[int, float] = {}
    masked: dict[int, list[str]] = {}
    size = (len(framing.bands), framing.image_px, framing.image_px)
    frame = partial(_framed, framing, header, settings)
    with (
        ImageWriter(draft, size, framing.dtype) as writer,
        status("reading images", stream.count, "image", done=rows) as shown,
    ):
        for result in map_ahead(frame, chain([item], items), CHUNK):
            if isinstance(result, str):
                bad[rows] = result
            else:
                found, framed = result
                sides.add(found.square_px)
                if framed.invalid_share:
                    invalid[rows] = framed.invalid_share
                if lacking := lacking_bands(found, settings):
                    masked[rows] = lacking
                writer.append(framed.image)
            rows += 1
            shown.update()
    if len(bad) == rows:
        raise none_usable(stream, bad)
    return stream.notes() | {
        "rows": rows,
        "bad": bad,
        "pages": {},
        "source_px": settings.crop_px or (sides.pop() if len(sides) == 1 else None),
        "bands": framing.bands,
        "depth": framing.depth,
        "invalid": invalid,
        "masked": masked,
    }


def none_usable(stream: ImageStream, bad: Mapping[int, str]) -> UserError:
    """Return the error for a source without any image that can be read. bad: row -> reason."""
    reasons = {f"{stream.column}[{row}]": reason for row, reason in bad.items()}
    return UserError(
        f"{stream.title}: none of {counted(len(bad), 'image')} can be used: {reasons_of(reasons)}."
    )


def picture_of(item: Item, settings: sections.Files) -> tuple[Header, np.ndarray]:
    """Return the header and the picture (C, H, W) of an item. Raise BadImage."""
    if item is None:
        raise BadImage(EMPTY)
    if isinstance(item, BadImage):
        raise item
    if isinstance(item, bytes):
        return decode_bytes(item, settings.max_megapixels, settings.hdu)
    if item.size > settings.max_megapixels * 1e6:
        raise BadImage(f"over the limit of {settings.max_megapixels:g} megapixels")
    header = header_of((1, *item.shape), _depth(item), has_colors=settings.band_names is None)
    return header, as_stored(item)


def oriented(item: Item, axes: Literal["auto", "nchw", "nhwc"]) -> Item:
    """Return an array with its bands first, or the reason why these are unknown; other items as they are."""
    if not isinstance(item, np.ndarray):
        return item
    order = axes if axes != "auto" and item.ndim == 3 else find_axes((1, *item.shape))
    if order is None:
        return BadImage(
            f"{' x '.join(map(str, item.shape))} values, in which bands and rows are ambiguous: set dataset.axes"
        )
    return to_nchw(item[None], order)[0]


def _first(
    items: Iterator[Item], settings: sections.Files, bad: dict[int, str]
) -> tuple[Header, Item] | None:
    """Return the first image that can be read, with its header; reasons of those before are noted."""
    for position, item in enumerate(items):
        try:
            return picture_of(item, settings)[0], item
        except BadImage as reason:
            bad[position] = str(reason)
    return None


def _framing(header: Header, settings: sections.Files) -> Framing:
    image_px = settings.image_px or settings.crop_px or header.square_px
    bands = settings.band_names or BANDS.get(settings.channels, header.bands)
    return framing_of(settings, bands, header.depth, image_px)


def _framed(
    framing: Framing, first: Header, settings: sections.Files, item: Item
) -> tuple[Header, Framed] | str:
    """Return the header and the framed image of an item, or the reason why there is none."""
    try:
        header, picture = picture_of(item, settings)
        _require_like(header, first, settings)
        chosen = chosen_bands(settings)
        found = header if chosen is None else chosen.header_of(header)
        return found, framing.prepare_planes(header, picture)
    except BadImage as bad:
        return str(bad)


def _require_like(header: Header, first: Header, settings: sections.Files) -> None:
    """Raise BadImage for an image that differs from the first one in what all must share."""
    if header.depth != first.depth:
        raise BadImage(f"{header.depth} values, unlike the first image ({first.depth})")
    if settings.band_names is None and settings.channels == "auto" and header.bands != first.bands:
        raise BadImage(
            f"bands {', '.join(header.bands)}, unlike the first image ({', '.join(first.bands)})"
        )
    if settings.crop_px is not None and header.square_px < settings.crop_px:
        raise BadImage(f"{header.square_px} px, less than dataset.crop_px={settings.crop_px}")
    keeps_size = settings.crop_px is None and settings.image_px is None
    if keeps_size and header.square_px != first.square_px:
        raise BadImage(f"{header.square_px} px, unlike the first image ({first.square_px} px)")


def _depth(values: np.ndarray) -> Depth:
    depth = depth_of_values(values.dtype)
    if depth is None:
        raise BadImage(f"values of {values.dtype}, not real numbers")
    return depth


def _key(stream: ImageStream, settings: sections.Files) -> str:
    """Return a hash of the content of the source and the options of framing."""
    return hash_bytes(f"{stream.key} {framing_options(settings)}".encode())[:20]
