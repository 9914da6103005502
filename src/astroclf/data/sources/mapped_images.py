"""Images that are used where they are: a memory map of a user's file, without a copy in the cache."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from astroclf.data.formats import BadImage, Header
from astroclf.data.framing import Framing
from astroclf.data.image_arrays import depth_of_values, header_of
from astroclf.data.picture_hashes import PictureHashes
from astroclf.data.pixels import Pixels
from astroclf.data.sources.decoding import chosen_bands, framing_of
from astroclf.data.sources.files import ReadFiles
from astroclf.data.sources.picture_scan import scan_pictures
from astroclf.errors import counted
from astroclf.integrity import hash_bytes
from astroclf.settings import sections

IN_PLACE = (
    np.dtype(np.uint8),
    np.dtype(np.float32),
)  # what data sets hold, in the native byte order

log = logging.getLogger(__name__)


def map_images(images: np.ndarray, identity: str, settings: sections.Files) -> ReadFiles | None:
    """Return the images unchanged; None if the settings or invalid pixels demand that they are framed.

    images: (N, C, H, W), a read-only memory map. identity: changes with the content of the file.
    """
    depth = depth_of_values(images.dtype)
    if images.dtype not in IN_PLACE or depth is None:
        return None
    header = header_of(images.shape, depth, has_colors=settings.band_names is None)
    side_px, chosen = header.square_px, chosen_bands(settings)
    bands = header.bands if chosen is None else chosen.names
    framing = framing_of(settings, bands, depth, settings.image_px or side_px)
    if not (_keeps_bands(header, settings) and _keeps_pixels(header, framing)):
        return None
    cache, key = Path(settings.cache), hash_bytes(identity.encode())[:20]
    if depth == "float" and (bad := scan_pictures(images, cache, key).not_finite):
        log.info(
            "%s with NaN or infinite pixels: reading the images into the cache.",
            counted(bad, "image"),
        )
        return None
    return ReadFiles(
        images=images,
        kept=np.arange(len(images)),
        skipped={},
        pixels=Pixels(bands, settings.pixel_scale_arcsec, framing.stretch),
        framing=framing,
        hashes=PictureHashes(images, lambda images: scan_pictures(images, cache, key).hashes),
    )


def _keeps_bands(header: Header, settings: sections.Files) -> bool:
    chosen = chosen_bands(settings)
    if chosen is None:
        return settings.channels in ("auto", header.channels)
    try:
        return chosen.find(header.bands) == tuple(range(header.channels))
    except BadImage:  # reported where the images are framed
        return False


def _keeps_pixels(header: Header, framing: Framing) -> bool:
    """Return whether finite images are unchanged: nothing but bands and depth is stated."""
    side_px = header.square_px
    plain = Framing(
        *(framing.bands, framing.depth, framing.stretch, framing.crop_px, side_px),
        max_megapixels=framing.max_megapixels,
        planes=framing.planes,
        missing_band=framing.missing_band,
    )
    is_whole = header.height_px == header.width_px and framing.crop_px in (None, side_px)
    return is_whole and framing == plain
