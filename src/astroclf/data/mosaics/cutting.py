"""Stamps around many positions, streamed into the store, and the parameters that they share."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.mosaics.frames import Mosaic, hash_frames
from astroclf.data.mosaics.grid import SAME_SCALE
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.stamps import StampCutter
from astroclf.data.store import Notes, cached_images, keep_images, new_images
from astroclf.errors import UserError, counted, listed
from astroclf.status import status

VERSION = 1  # raised whenever the same frames and parameters give other stamps than before


@dataclass(frozen=True, eq=False)
class CutStamps:
    """Stamps of the positions that could be cut, and the reasons of the others.

    images: (n, C, H, W) float32. kept: (n,) their positions, ascending. bad: position -> reason.
    invalid_share: (n,) float32.
    """

    images: np.ndarray
    kept: np.ndarray
    bad: Mapping[int, str]
    invalid_share: np.ndarray


def nominal_scale_arcsec(mosaic: Mosaic, wanted: float | None) -> float:
    """Return the pixel scale of stamps: the wanted one, or that of the frames of the first band.

    Raise UserError if these frames differ by more than SAME_SCALE.
    """
    if wanted is not None:
        return wanted
    scales = [
        mosaic.frames[number].pixel_scale_arcsec for number in mosaic.of_band(mosaic.bands[0])
    ]
    if max(scales) / min(scales) - 1 > SAME_SCALE:
        raise UserError(
            f"dataset.pixel_scale_arcsec is not set, and the frames of band {mosaic.bands[0]} have pixels of "
            f"{min(scales):.4g} to {max(scales):.4g} arcsec. Set it to the pixel scale of the stamps."
        )
    return float(np.median(scales))


def cut_stamps(
    mosaic: Mosaic, parameters: CutoutParameters, sky_deg: np.ndarray, cache: Path
) -> CutStamps:
    """Cut stamps around positions (N, 2), once; later calls map the stored result into memory.

    Frames are read one after another. Raise UserError if no stamp can be cut.
    """
    stored = cached_images(
        cache,
        f"stamps-{_key(mosaic, parameters, sky_deg)}",
        lambda draft: _build(draft, mosaic, parameters, sky_deg),
    )
    bad = {int(position): reason for position, reason in stored.notes["bad"].items()}
    return CutStamps(
        images=stored.images,
        kept=np.setdiff1d(np.arange(len(sky_deg)), np.array(list(bad), np.int64)),
        bad=bad,
        invalid_share=np.array(stored.notes["invalid_share"], np.float32),
    )


def _key(mosaic: Mosaic, parameters: CutoutParameters, sky_deg: np.ndarray) -> str:
    """Return a hash of the frames, the positions and the parameters."""
    is_masked = parameters.edges == "mask"  # otherwise both choices cut the same stamps
    options = replace(parameters, frames="", edges="mask" if is_masked else "drop")
    digest = hashlib.blake2b(digest_size=10)
    digest.update(repr((VERSION, options, hash_frames(mosaic))).encode())
    digest.update(np.ascontiguousarray(sky_deg, np.float64).tobytes())
    return digest.hexdigest()


def _build(draft: Path, mosaic: Mosaic, parameters: CutoutParameters, sky_deg: np.ndarray) -> Notes:
    cutter = StampCutter(mosaic, parameters)
    covering = mosaic.covering(sky_deg)
    size = (len(parameters.bands), parameters.image_px, parameters.image_px)
    images = new_images(draft, (len(sky_deg), *size), np.dtype(np.float32))
    invalid_share = np.zeros(len(sky_deg))
    bad: dict[int, str] = {}
    with status("cutting stamps", len(sky_deg), unit="stamp") as shown:
        for row in _frame_by_frame(covering):
            try:
                stamp = cutter.cut((float(sky_deg[row, 0]), float(sky_deg[row, 1])), covering[row])
                images[row], invalid_share[row] = stamp.image, stamp.invalid_share
            except BadImage as reason:
                bad[row] = str(reason)
            shown.update()
    images.flush()
    if len(bad) == len(sky_deg):
        raise UserError(
            f"None of the {counted(len(sky_deg), 'object')} can be cut from the frames: {count_reasons(bad.values())}. "
            "Check the coordinates, which are in degrees, and the frames."
        )
    kept = np.setdiff1d(np.arange(len(sky_deg)), np.array(list(bad), np.int64))
    if bad:
        keep_images(draft, kept)
    return {
        "bad": {str(row): reason for row, reason in sorted(bad.items())},
        "invalid_share": invalid_share[kept].tolist(),
    }


def count_reasons(reasons: Iterable[str]) -> str:
    """Return reasons with their numbers, the most frequent first."""
    counts = Counter(reasons).most_common()
    return listed((f"{reason} ({count:,})" for reason, count in counts), 4, "; ")


def _frame_by_frame(covering: np.ndarray) -> list[int]:
    """Return the rows in an order in which each frame is needed for one stretch of them."""
    order: list[int] = np.lexsort(covering.T[::-1]).tolist()
    return order
