from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from astroclf.data.framing import Framing
from astroclf.data.inputs.coordinates import CoordinatesInput, choose_coordinates
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.inputs.source import ImageInput
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.errors import UserError
from fixtures.simulated_frames import Sky, render, scatter, tan_wcs, write_frame

CENTER, N, SHAPE = (10.0, 20.0), 4, (200, 200)
CELLS = {
    "objID": ["007", "1237645877936062584", "3", "4", "5", "6"],
    "RAJ2000": ["", "", "", "", "100", ""],
    "DEJ2000": ["", "", "", "", "20", "95"],
    "mag": ["17.5", "", "19", "20", "21", "22"],
}


@pytest.fixture
def sky(tmp_path: Path) -> Sky:
    """Four stars in a frame, and a table of them, of a far place and of no place: coordinates.csv."""
    sky = Sky(scatter(CENTER, N, 50, 0, 10), np.full(N, 100.0), np.zeros(N))
    wcs = tan_wcs(CENTER, 0.4, SHAPE)
    write_frame(tmp_path / "r.fits", render(sky, wcs, SHAPE, 1.2, 0.4), wcs)
    cells = {name: list(column) for name, column in CELLS.items()}
    for row, (ra, dec) in enumerate(sky.sky_deg):
        cells["RAJ2000"][row], cells["DEJ2000"][row] = f"{ra:.8f}", f"{dec:.8f}"
    rows = [",".join(cells), *(",".join(row) for row in zip(*cells.values(), strict=True))]
    (tmp_path / "coordinates.csv").write_text("\n".join(rows))
    return sky


@pytest.fixture
def parameters(tmp_path: Path) -> CutoutParameters:
    return CutoutParameters(
        frames=str(tmp_path / "{band}.fits"),
        hdu=None,
        bands=("r",),
        image_px=16,
        pixel_scale_arcsec=0.4,
        center="pixel",
        pixel_values="flux",
        edges="refuse",
        mask_neighbors=False,
        sky="none",
    )


def opened(folder: Path, parameters: CutoutParameters, **options: object) -> ImageInput:
    framing = Framing(("r",), "float", "linear", crop_px=16, image_px=16)
    chosen = InputOptions(**options)  # type: ignore[arg-type]
    return open_input(folder / "coordinates.csv", framing, chosen, cutouts=parameters)


def test_coordinates_become_stamps_and_others_have_reasons(
    tmp_path: Path, sky: Sky, parameters: CutoutParameters
) -> None:
    images = opened(tmp_path, parameters, id_column="objID", keep_columns=("mag",))
    assert isinstance(images, CoordinatesInput)
    assert images.columns == ("RAJ2000", "DEJ2000", "mag")
    block = images.read(0, 6)
    assert block.ids == CELLS["objID"]
    assert [row[2] for row in block.kept] == CELLS["mag"]
    assert list(block.reasons) == [
        *("", "", "", ""),
        "outside every frame",
        "no coordinates in degrees in this row",
    ]
    assert list(block.paths) == [str(tmp_path / "r.fits")] * 4 + ["", ""]
    assert block.images.shape == (4, 1, 16, 16)
    np.testing.assert_allclose(block.images.sum(axis=(1, 2, 3)), 100, rtol=1e-3)
    assert images.read(1, 2).ids == [CELLS["objID"][1]]


def test_rows_are_numbered_without_an_id_column(
    tmp_path: Path, sky: Sky, parameters: CutoutParameters
) -> None:
    assert opened(tmp_path, parameters).read(0, 2).ids == ["1", "2"]


def test_other_frames_can_be_named(tmp_path: Path, sky: Sky, parameters: CutoutParameters) -> None:
    gone = replace(parameters, frames=str(tmp_path / "gone-{band}.fits"))
    with pytest.raises(UserError, match=r"predict\.frames=.*gone-\{band\}\.fits matches no file"):
        opened(tmp_path, gone)
    images = opened(tmp_path, gone, frames=str(tmp_path / "{band}.fits"))
    assert images.read(0, 1).reasons == [""]


def test_the_fingerprint_changes_with_the_frames_and_the_table(
    tmp_path: Path, sky: Sky, parameters: CutoutParameters
) -> None:
    first = opened(tmp_path, parameters).fingerprint()
    assert opened(tmp_path, parameters).fingerprint() == first
    assert opened(tmp_path, parameters, keep_columns=("mag",)).fingerprint() != first
    write_frame(tmp_path / "r.fits", np.ones(SHAPE), tan_wcs(CENTER, 0.4, SHAPE))
    assert opened(tmp_path, parameters).fingerprint() != first


def test_columns_are_found_by_name_in_csv_and_parquet(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    Table({"Dec": [1.0], "RA": [2.0]}).to_pandas().to_parquet(table)
    assert choose_coordinates("t", table, None, None, None, ()).names == ("RA", "Dec")
    plain = tmp_path / "t.csv"
    plain.write_text("alpha,delta\n1,2\n")
    with pytest.raises(UserError, match="t has no columns of coordinates such as ra and dec"):
        choose_coordinates("t", plain, None, None, None, ())
    with pytest.raises(UserError, match=r"predict\.ra_column=x is not a column of t"):
        choose_coordinates("t", plain, "x", "delta", None, ())
    assert choose_coordinates("t", plain, "alpha", "delta", None, ()).ra == "alpha"


def test_a_path_column_means_image_files(
    tmp_path: Path, sky: Sky, parameters: CutoutParameters
) -> None:
    (tmp_path / "coordinates.csv").write_text("file,ra,dec\nr.fits,10,20\n")
    images = opened(tmp_path, parameters, path_column="file")
    assert not isinstance(images, CoordinatesInput)
