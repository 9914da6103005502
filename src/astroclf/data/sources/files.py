"""Reading of image files, shared by all sources of files: decoded once, then memory-mapped."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.bands import ImageFiles
from astroclf.data.formats import GRAY, RGB, BadImage
from astroclf.data.formats.read import VERSION, ImageFile, require_regular
from astroclf.data.formats.registry import stem_of
from astroclf.data.framing import Framing
from astroclf.data.picture_hashes import PictureHashes
from astroclf.data.pixels import Pixels
from astroclf.data.sources.crop_settings import crop_of
from astroclf.data.sources.decoding import (
    CHUNK,
    chosen_bands,
    decode_files,
    framing_of,
    reasons_of,
)
from astroclf.data.store import StoredImages, cached_images
from astroclf.data.threads import map_ahead
from astroclf.errors import UserError, listed
from astroclf.settings import sections

BLOCK = 2**20  # bytes that are hashed at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReadFiles:
    """Images of the files that could be read, and the files that could not.

    images: (n, C, H, W). kept: (n,) their positions in the list of files, ascending. skipped: file
    -> reason, for the others. pixels: the meaning of the values. framing: the preparation of the
    files. invalid_share: (n,) float32, see `ImageDataset`. hashes: of the pixels, if the source keeps
    them. notes: sentences that a run warns of.
    """

    images: np.ndarray
    kept: np.ndarray
    skipped: dict[str, str]
    pixels: Pixels
    framing: Framing
    invalid_share: np.ndarray | None = None
    hashes: PictureHashes | None = None
    notes: tuple[str, ...] = ()

    @property
    def width_arcsec(self) -> float:
        """Width of an image on the sky; 0 where the pixel scale is unknown or differs."""
        return (self.pixels.pixel_scale_arcsec or 0.0) * self.images.shape[-1]


def read_images(folder: Path, names: Sequence[str], settings: sections.Files) -> ReadFiles:
    """Return the images of one file each, as `read_image_files`.

    names: paths relative to the folder, or absolute.
    """
    return read_image_files([ImageFiles(name, (folder / name,)) for name in names], settings)


def read_image_files(images: Sequence[ImageFiles], settings: sections.Files) -> ReadFiles:
    """Decode images in parallel, once; later calls map the stored result into memory.

    Raise UserError if files cannot be read and `on_bad_image` is stop, if none can be read, and
    for images that do not agree in size, channels or depth.
    """
    names = [image.name for image in images]
    stored = cached_images(
        Path(settings.cache),
        f"files-{_content_key(images, settings)}",
        lambda draft: decode_files(draft, images, settings),
    )
    return describe_stored(stored, names, settings)


def describe_stored(
    stored: StoredImages, names: Sequence[str], settings: sections.Files
) -> ReadFiles:
    """Return stored images with their meaning, and the names of those that could not be read.

    stored: with the notes of `decode_files`. Raise UserError if some could not, and `on_bad_image` is
    stop.
    """
    bad = {int(position): reason for position, reason in stored.notes["bad"].items()}
    skipped = {names[position]: reason for position, reason in bad.items()}
    if skipped and settings.on_bad_image == "stop":
        raise UserError(
            f"{len(skipped):,} of {len(names):,} images cannot be used: {reasons_of(skipped)}. "
            "Repair them, or leave them out with dataset.on_bad_image=skip."
        )
    _warn_of_frames(stored.notes["pages"], names)
    notes = _notes_on_masked(stored.notes.get("masked", {}), names)
    kept = np.setdiff1d(np.arange(len(names)), np.array(list(bad), np.int64))
    framing = _framing(stored, settings)
    pixels = Pixels(
        framing.bands,
        _pixel_scale_arcsec(stored.notes["source_px"], framing.image_px, settings),
        framing.stretch,
        _shown_bands(framing, settings),
    )
    shares = np.zeros(len(names), np.float32)
    for position, share in stored.notes["invalid"].items():
        shares[int(position)] = share
    return ReadFiles(stored.images, kept, skipped, pixels, framing, shares[kept], notes=notes)


def name_ids(names: Sequence[str], identify: Callable[[str], str] = stem_of) -> np.ndarray:
    """Return an id for each image, (N,) str: the name of its file without extension, or what `identify`
    returns for its path, or its path where several images have that id."""
    stems = [identify(name) for name in names]
    count = Counter(stems)
    return np.array([s if count[s] == 1 else n for s, n in zip(stems, names, strict=True)], str)


def _content_key(images: Sequence[ImageFiles], settings: sections.Files) -> str:
    """Return a hash of every byte of every file, their order, and the options of decoding."""
    key = hashlib.blake2b(framing_options(settings).encode(), digest_size=10)
    for digest in map_ahead(_image_digest, images, CHUNK):
        key.update(digest)
    return key.hexdigest()


def framing_options(settings: sections.Files) -> str:
    """Return the options on which the pixels of framed images depend."""
    options = (
        *(VERSION, settings.crop_px, settings.image_px, settings.channels),
        *(settings.max_megapixels, chosen_bands(settings), settings.hdu, settings.sky),
        crop_of(settings),
    )
    return str(options)


def _image_digest(image: ImageFiles) -> bytes:
    place = b"" if image.place is None else str(image.place).encode()
    return b"".join(map(_content_digest, image.files)) + place


def _content_digest(file: ImageFile | None) -> bytes:
    if file is None:
        return bytes(16)
    try:
        require_regular(file)
        digest = hashlib.blake2b(digest_size=16)
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    except (BadImage, OSError):
        return bytes(16)
    return digest.digest()


def _warn_of_frames(frames: Mapping[str, int], names: Sequence[str]) -> None:
    if frames:
        log.warning(
            "%s of %s images have several pages or frames, of which the first is used: %s.",
            f"{len(frames):,}",
            f"{len(names):,}",
            listed(f"{names[int(position)]} ({count})" for position, count in frames.items()),
        )


def _notes_on_masked(masked: Mapping[str, list[str]], names: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(band for lacking in masked.values() for band in lacking)
    return tuple(
        f"Band {band} is missing in {count:,} of {len(names):,} images, where it is 0 everywhere "
        "(dataset.missing_band=mask). A class that lacks it more often than others can be recognized by that alone."
        for band, count in counts.items()
    )


def _framing(stored: StoredImages, settings: sections.Files) -> Framing:
    channels, image_px = stored.images.shape[1], stored.images.shape[-1]
    # Entries of earlier versions state neither bands nor depth.
    bands = stored.notes.get("bands", GRAY if channels == 1 else RGB)
    depth = stored.notes.get("depth", "8-bit" if stored.images.dtype == np.uint8 else "16-bit")
    framing = framing_of(settings, tuple(bands), depth, image_px)
    if framing.stretch != settings.stretch:
        log.warning(
            "%s images are read as linear counts, not as dataset.stretch=%s: set dataset.stretch=linear.",
            depth,
            settings.stretch,
        )
    return framing


def _shown_bands(framing: Framing, settings: sections.Files) -> tuple[str, ...] | None:
    wrong = [name for name in settings.shown_bands or () if name not in framing.bands]
    if wrong:
        raise UserError(
            f"dataset.rgb_bands: {listed(wrong)} not among the bands {listed(framing.bands)}. Choose three of these."
        )
    return settings.shown_bands


def _pixel_scale_arcsec(
    source_px: int | None, image_px: int, settings: sections.Files
) -> float | None:
    """Return the width of a pixel of the images; None where it is unknown or differs.

    source_px: width before resizing, None where images differ.
    """
    if source_px is None:
        squares = f"Squares of dataset.crop={settings.crop}"
        is_of_objects = settings.has_squares_of_objects
        log.warning(
            "%s are all resized to %d px, so the pixel scale differs from image to image%s.",
            squares if is_of_objects else "Images of different sizes",
            image_px,
            "" if is_of_objects else ": set dataset.crop_px to keep it",
        )
        return None
    scale = settings.pixel_scale_arcsec
    return scale and scale * source_px / image_px
