"""Invalid pixels (NaN, infinite, BLANK, outside of the file): counted, and replaced by the sky."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.files import write_csv

MOSTLY = 0.5  # share of a band above which the image is a bad one


def replace_invalid(
    picture: np.ndarray, levels: np.ndarray, bands: tuple[str, ...]
) -> tuple[np.ndarray, float]:
    """Return a (C, H, W) float32 image with the sky level in its invalid pixels, and their share.

    levels: (C,) sky of each band. bands: names for the message. Raise BadImage if more than half of
    the pixels of a band are invalid.
    """
    valid = np.isfinite(picture)
    if valid.all():
        return picture, 0.0
    shares = 1 - valid.mean(axis=(1, 2))
    worst = int(shares.argmax())
    if shares[worst] > MOSTLY:
        where = f" of band {bands[worst]}" if len(bands) == len(picture) > 1 else ""
        raise BadImage(
            f"{100 * shares[worst]:.0f} % of the pixels{where} are NaN, infinite or blank"
        )
    return np.where(valid, picture, levels[:, None, None]), float(shares.mean())


def invalid_pixels_warning(shares: np.ndarray | None) -> str | None:
    """Return the number of images with invalid pixels in a sentence, None if there are none.

    shares: (N,) of the pixels of each image.
    """
    if shares is None or not shares.any():
        return None
    return (
        f"Invalid pixels (NaN, infinite or blank) in {np.count_nonzero(shares):,} of {len(shares):,} images were replaced "
        f"by the sky of the image: {100 * shares.max():.2g} % of the pixels of one image at most, "
        f"{100 * shares.mean():.2g} % of all. They are listed in invalid_pixels.csv."
    )


def write_invalid_pixels(file: Path, ids: np.ndarray, shares: np.ndarray) -> None:
    """Write id and share of invalid pixels of each image that has any, the largest share first."""
    order = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)]
    rows = ((ids[i], f"{shares[i]:.6g}") for i in order)
    write_csv(file, ("id", "invalid_share"), rows)
