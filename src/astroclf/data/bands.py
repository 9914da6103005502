"""Bands of an image: planes of its file chosen by name, or planes of several files, one per band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from astroclf.data.crops import Place
from astroclf.data.formats import GRAY, RGB, BadImage, Header, ImageFile, plane_name
from astroclf.errors import listed

# Largest distance of a pixel in two bands of one image, in pixels.
GRID_TOLERANCE_PX = 0.1

MissingBand = Literal["refuse", "mask"]


class ImageFiles(NamedTuple):
    """Files of one image. name: for ids and messages. files: of the whole image, or one per band,
    None for a band that is missing. place: position of the object, for crops around it."""

    name: str
    files: tuple[ImageFile | None, ...]
    place: Place | None = None


@dataclass(frozen=True)
class Bands:
    """Choice of the bands of images by name.

    names: in the order of the channels. planes: the name of each band in the files. missing: `refuse`
    an image that lacks a band, or `mask` the band with zeros, the value of sky-subtracted sky.
    """

    names: tuple[str, ...]
    planes: tuple[str, ...]
    missing: MissingBand = "refuse"

    def find(self, found: Sequence[str]) -> tuple[int | None, ...]:
        """Return the position of each band among the planes of a file, None for a masked one.

        Planes without names are taken in their order if there are as many as bands. Raise BadImage
        if a band is missing and not masked, or if all are.
        """
        positions = tuple(found.index(p) if p in found else None for p in self.planes)
        if None not in positions:
            return positions
        if len(found) == len(self.names) and is_unnamed(found):
            return tuple(range(len(found)))
        if self.missing == "mask" and any(each is not None for each in positions):
            return positions
        lacking = [p for p, each in zip(self.planes, positions, strict=True) if each is None]
        raise BadImage(f"no band {listed(lacking)} among {listed(found)}")

    def header_of(self, header: Header) -> Header:
        """Return the header of a file with those of the bands that it has. Raise BadImage."""
        found = zip(self.names, self.find(header.bands), strict=True)
        return replace(
            header, bands=tuple(name for name, position in found if position is not None)
        )

    def choose(self, found: Sequence[str], planes: np.ndarray) -> np.ndarray:
        """Return the bands (C, H, W) of the planes of a file; masked ones are zero. Raise BadImage."""
        positions = self.find(found)
        if positions == tuple(range(len(planes))):
            return planes
        chosen = np.zeros((len(positions), *planes.shape[1:]), planes.dtype)
        for band, position in enumerate(positions):
            if position is not None:
                chosen[band] = planes[position]
        return chosen

    def join(self, files: Sequence[ImageFile | None], headers: Sequence[Header | None]) -> Header:
        """Return the header of an image with one file per band, with the bands that there are.

        Raise BadImage, with the name of the file, for a missing band that is not masked, a file of
        several planes, and bands of different depth, shape or pixel grid.
        """
        if len(headers) != len(self.names):
            raise BadImage(f"{len(headers)} files, not one for each band {', '.join(self.names)}")
        there = [
            (name, file, header)
            for name, file, header in zip(self.names, files, headers, strict=True)
            if file is not None and header is not None
        ]
        bands = tuple(name for name, _, _ in there)
        lacking = [name for name in self.names if name not in bands]
        if not there or (lacking and self.missing == "refuse"):
            raise BadImage(f"no file of band {listed(lacking)}")
        (_, first_file, first), *rest = there
        for _, file, header in there:
            if len(header.bands) > 1:
                raise BadImage(f"{file.name} holds {len(header.bands)} planes, not one band")
        for _, file, header in rest:
            difference = _difference(header, first)
            if difference:
                raise BadImage(f"{file.name} differs from {first_file.name} in {difference}")
        return replace(first, bands=bands, n_frames=max(header.n_frames for _, _, header in there))


def read_image_header(
    files: Sequence[ImageFile | None], bands: Bands | None, read: Callable[[ImageFile], Header]
) -> Header:
    """Return the header of an image of one file, or of one per band, with those of the bands that it has.

    bands: None takes all of a file.
    """
    headers = [None if file is None else read(file) for file in files]
    first = headers[0]
    if len(headers) == 1 and first is not None:
        header = first if bands is None else bands.header_of(first)
    else:
        header = _required(bands).join(files, headers)
    return replace(header, grid=None)  # a million headers are kept


def decode_image(
    files: Sequence[ImageFile | None],
    bands: Bands | None,
    decode: Callable[[ImageFile], tuple[Header, np.ndarray]],
) -> tuple[Header, np.ndarray]:
    """Return the header and the bands (C, H, W) of an image of one file, or of one per band."""
    decoded = [None if file is None else decode(file) for file in files]
    first = decoded[0]
    if len(decoded) == 1 and first is not None:
        header, planes = first
    else:
        header = _required(bands).join(files, [each and each[0] for each in decoded])
        planes = np.concatenate([each[1] for each in decoded if each is not None])
    if bands is None:
        return header, planes
    return replace(header, bands=bands.names), bands.choose(header.bands, planes)


def _required(bands: Bands | None) -> Bands:
    if bands is None:
        raise BadImage("one file per band, but no names of bands")
    return bands


def is_unnamed(planes: Sequence[str]) -> bool:
    """Return whether a file does not name its planes: gray, or the numbered ones of a cube."""
    return tuple(planes) == GRAY or all(
        name == plane_name(number) for number, name in enumerate(planes, start=1)
    )


def is_converted(bands: tuple[str, ...]) -> bool:
    """Return whether files of other bands are converted to these: averaged to gray, gray repeated."""
    return bands in (GRAY, RGB)


def _difference(header: Header, first: Header) -> str:
    if header.depth != first.depth:
        return f"depth ({header.depth}, not {first.depth})"
    shape = (header.width_px, header.height_px)
    first_shape = (first.width_px, first.height_px)
    if shape != first_shape:
        return f"shape ({shape[0]} x {shape[1]} px, not {first_shape[0]} x {first_shape[1]})"
    if header.grid is None or first.grid is None:
        return ""
    offset_px = first.grid.offset_px(header.grid, *shape)
    if offset_px <= GRID_TOLERANCE_PX:
        return ""
    distance = f"{offset_px:.3g} px apart" if np.isfinite(offset_px) else "without overlap"
    return f"pixel grid ({distance}, by their WCS)"
