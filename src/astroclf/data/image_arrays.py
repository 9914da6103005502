"""Arrays of images: the axis of their bands, and the depth of their values."""

from __future__ import annotations

from typing import Literal

import numpy as np

from astroclf.data.formats import GRAY, RGB, Depth, Header, plane_name

Axes = Literal["nhw", "nchw", "nhwc"]  # N images, C bands, height, width

DEPTHS: dict[str, Depth] = {"u1": "8-bit", "u2": "16-bit"}


def find_axes(shape: tuple[int, ...]) -> Axes | None:
    """Return the meaning of the axes of an array of images, None if its shape fits several or none.

    Images are square or, failing that, have at least twice as many rows and columns as bands.
    """
    if len(shape) == 3:
        return "nhw"
    if len(shape) != 4:
        return None
    fits = {"nchw": shape[2] == shape[3], "nhwc": shape[1] == shape[2]}
    if not any(fits.values()):
        fits = {"nchw": 2 * shape[1] <= min(shape[2:]), "nhwc": 2 * shape[3] <= min(shape[1:3])}
    if fits["nchw"] == fits["nhwc"]:
        return None
    return "nchw" if fits["nchw"] else "nhwc"


def to_nchw(images: np.ndarray, axes: Axes) -> np.ndarray:
    """Return a view (N, C, H, W)."""
    if axes == "nhw":
        return images[:, None]
    return np.moveaxis(images, -1, 1) if axes == "nhwc" else images


def depth_of_values(dtype: np.dtype) -> Depth | None:
    """Return the depth of values of that type, None for anything but real numbers."""
    if dtype.kind not in "uif":
        return None
    return DEPTHS.get(f"{dtype.kind}{dtype.itemsize}", "float")


def as_stored(images: np.ndarray) -> np.ndarray:
    """Return values as data sets store them: uint8, or float32 for all others."""
    dtype = np.uint8 if images.dtype == np.uint8 else np.float32
    with np.errstate(over="ignore"):  # values beyond float32 become infinite
        return np.ascontiguousarray(images, dtype)


def header_of(shape: tuple[int, ...], depth: Depth, *, has_colors: bool = True) -> Header:
    """Return the header of one of (N, C, H, W) images.

    has_colors: whether three bands of 8 bits are red, green and blue; else bands are numbered.
    """
    _, channels, height_px, width_px = shape
    if channels == 1:
        bands = GRAY
    elif has_colors and (channels, depth) == (3, "8-bit"):
        bands = RGB
    else:
        bands = tuple(map(plane_name, range(1, channels + 1)))
    return Header(height_px, width_px, bands, depth)
