"""Data set of stamps that are cut from a mosaic around the rows of a table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.mosaics.cells import border_distance_arcsec, reach_arcsec, sky_cells
from astroclf.data.mosaics.cutting import CutStamps, cut_stamps, nominal_scale_arcsec
from astroclf.data.mosaics.frames import OUTSIDE, Mosaic
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.psf import psf_widths, with_psf
from astroclf.data.pixels import Pixels
from astroclf.data.sources.labeled_rows import LabeledRows
from astroclf.errors import UserError, counted, listed
from astroclf.settings import sections

log = logging.getLogger(__name__)


def cut_rows(
    rows: LabeledRows,
    mosaic: Mosaic,
    settings: sections.Mosaics,
    frames: str,
    hdu: int | str | None = None,
) -> ImageDataset:
    """Return the data set of rows with positions (`sky_deg`), in their order.

    frames, hdu: the origin of the mosaic, which a bundle keeps. Rows that cannot be cut are left out
    with their reasons, unless `edges` is refuse. Stamps that share a pixel of a frame are linked by
    `neighbor_arcsec`, so that drawn splits keep them together. Raise UserError for objects outside
    of every frame where `edges` is refuse, for a PSF that cannot be matched, and as `cut_stamps`.
    """
    covering = mosaic.covering(_positions(rows))
    _require_inside(rows, covering, settings)
    cache = Path(settings.cache)
    widths = psf_widths(mosaic, cache)
    for band, width in zip(settings.bands, widths, strict=True):
        log.info("psf         %s: %s", band, width)
    parameters = with_psf(parameters_of(mosaic, settings, frames, hdu), widths, settings.match_psf)
    reach = reach_arcsec(mosaic, parameters)
    rows = _with_groups(rows, mosaic, covering, settings)
    inside = _inside_cells(rows, reach, settings)
    skipped = dict.fromkeys(rows.ids[~inside].tolist(), "at the border of a cell of the sky")
    chosen = np.flatnonzero(inside)
    cut = cut_stamps(mosaic, parameters, _positions(rows)[chosen], cache)
    skipped |= {str(rows.ids[chosen[place]]): reason for place, reason in cut.bad.items()}
    _require_complete(rows, skipped, cut, settings)
    pixels = Pixels(parameters.bands, parameters.pixel_scale_arcsec, "linear")
    return replace(
        rows.dataset(chosen[cut.kept], cut.images, pixels),
        neighbor_arcsec=reach,
        skipped=skipped,
        invalid_share=cut.invalid_share,
        cutouts=parameters,
    )


def parameters_of(
    mosaic: Mosaic, settings: sections.Mosaics, frames: str, hdu: int | str | None
) -> CutoutParameters:
    """Return the parameters of the settings, with the size and the scale of the pixels."""
    scale = nominal_scale_arcsec(mosaic, settings.pixel_scale_arcsec)
    width_px = settings.cutout_px or 1
    if settings.cutout_arcsec is not None:
        width_px = max(1, round(settings.cutout_arcsec / scale))
    return CutoutParameters(
        frames=frames,
        hdu=hdu,
        bands=settings.bands,
        image_px=width_px,
        pixel_scale_arcsec=scale,
        center=settings.center,
        pixel_values=settings.pixel_values,
        edges=settings.edges,
        mask_neighbors=settings.mask_neighbors,
        sky=settings.sky,
    )


def _require_inside(rows: LabeledRows, covering: np.ndarray, settings: sections.Mosaics) -> None:
    """Raise UserError for objects outside of the frames, before any is cut."""
    outside = np.flatnonzero((covering == OUTSIDE).any(axis=1))
    if not len(outside) or settings.edges != "refuse":
        return
    lacking = [
        band for band, column in zip(settings.bands, covering.T, strict=True) if (column < 0).any()
    ]
    raise UserError(
        f"dataset.edges=refuse: {counted(len(outside), 'object')} of {len(covering):,} are outside every frame of band "
        f"{listed(lacking)}: {listed(rows.ids[outside], 3)}. Remove them from the table, add the frames, or leave them "
        "out by dataset.edges=drop."
    )


def _require_complete(
    rows: LabeledRows, skipped: Mapping[str, str], cut: CutStamps, settings: sections.Mosaics
) -> None:
    """Log the objects that are left out. Raise UserError if stamps could not be cut and `edges` is refuse."""
    if cut.bad and settings.edges == "refuse":
        named = listed((f"{id} ({reason})" for id, reason in skipped.items()), 3, "; ")
        raise UserError(
            f"dataset.edges=refuse: {counted(len(cut.bad), 'stamp')} of {len(rows.ids):,} cannot be cut: {named}. "
            "Fill them with the sky by dataset.edges=mask, or leave them out by dataset.edges=drop."
        )


def _inside_cells(rows: LabeledRows, reach_arcsec: float, settings: sections.Mosaics) -> np.ndarray:
    """Return (N,) bool: objects that are cut. Raise UserError if every stamp crosses the border of a cell."""
    if settings.split_by != "cell" or settings.cell_border != "drop":
        return np.ones(len(rows.ids), bool)
    distance = border_distance_arcsec(_positions(rows), settings.cell_arcmin)
    inside: np.ndarray = distance >= reach_arcsec / 2
    if not inside.any():
        raise UserError(
            f"dataset.cell_arcmin={settings.cell_arcmin:g}: every stamp, with its margin {reach_arcsec:.3g} arcsec "
            "wide, crosses the border of a cell. Choose wider cells."
        )
    return inside


def _with_groups(
    rows: LabeledRows, mosaic: Mosaic, covering: np.ndarray, settings: sections.Mosaics
) -> LabeledRows:
    if settings.split_by == "cell":
        return replace(rows, groups=sky_cells(_positions(rows), settings.cell_arcmin))
    if settings.split_by == "field":
        fields = np.array([*(frame.field for frame in mosaic.frames), "outside"], str)
        return replace(rows, groups=fields[covering[:, 0]])
    return rows


def _positions(rows: LabeledRows) -> np.ndarray:
    assert rows.sky_deg is not None  # required by the settings
    return rows.sky_deg
