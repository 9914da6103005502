from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.cutouts import load, load_labeled
from astroclf.data.splits import assign_splits
from astroclf.errors import UserError
from fixtures.simulated_frames import Sky, render, scatter, tan_wcs, write_frame

SDSS = Path(__file__).parents[3].parent / "shared/data/sdss_fits/frame"
CENTER, N, SHAPE = (10.0, 20.0), 25, (400, 400)

Load = Callable[..., ImageDataset]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two overlapping fields in two bands, and a table with sky and pixel positions."""
    folder = tmp_path_factory.mktemp("cutouts")
    sky = Sky(scatter(CENTER, N, 120, 0, 8), np.full(N, 1e4), np.where(np.arange(N) % 2, 0.8, 0))
    fields = {"a": 0.0, "b": 100.0}
    rows = ["objID,ra,dec,x,y,where,class,set"]
    for field, offset_px in fields.items():
        for band, scale in (("g", 0.4), ("r", 0.3)):
            wcs = tan_wcs(CENTER, scale, SHAPE, offset_px=(offset_px * 0.4 / scale, 0))
            write_frame(folder / f"{band}-{field}.fits", render(sky, wcs, SHAPE, 1.2, scale), wcs)
    wcs = tan_wcs(CENTER, 0.4, SHAPE)
    for number, (ra, dec) in enumerate(sky.sky_deg):
        x, y = wcs.all_world2pix(ra, dec, 1)
        kind = "galaxy" if number % 2 else "star"
        rows.append(f"{number:018d},{ra:.8f},{dec:.8f},{x:.4f},{y:.4f},a,{kind},")
    (folder / "objects.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def load_stamps(folder: Path, source_settings: Callable[..., Any]) -> Load:
    def load_with(**values: Any) -> ImageDataset:
        stated = {
            "frames": str(folder / "{band}-{field}.fits"),
            "table": str(folder / "objects.csv"),
            "bands": ["g", "r"],
            "cutout_px": 16,
            "id_column": "objID",
            **values,
        }
        return load(source_settings("cutouts", **stated))

    return load_with


def test_stamps_have_labels_ids_positions_and_flux(load_stamps: Load) -> None:
    dataset = load_stamps()
    assert dataset.images.shape == (N, 2, 16, 16)
    assert dataset.classes == ("galaxy", "star")
    assert dataset.ids[3] == f"{3:018d}"
    assert dataset.pixels.bands == ("g", "r")
    assert dataset.pixels.pixel_scale_arcsec == pytest.approx(0.4)
    np.testing.assert_allclose(dataset.images.sum(axis=(2, 3)), 1e4, rtol=5e-3)
    assert dataset.sky_deg is not None
    assert dataset.cutouts is not None
    assert dataset.cutouts.image_px == 16
    assert "PSF (FWHM)" in dataset.cutouts.describe()


def test_pixel_positions_give_the_stamps_of_sky_positions(load_stamps: Load) -> None:
    by_sky = load_stamps()
    in_pixels = {"x_column": "x", "y_column": "y", "field_column": "where"}
    by_pixel = load_stamps(**in_pixels, ra_column=None, dec_column=None)
    np.testing.assert_allclose(by_pixel.sky_deg, by_sky.sky_deg, atol=1e-7)  # type: ignore[arg-type]
    np.testing.assert_allclose(by_pixel.images, by_sky.images, atol=0.1)
    with pytest.raises(
        UserError, match=r"Name the column of their fields as dataset\.field_column"
    ):
        load_stamps(x_column="x", y_column="y")
    with pytest.raises(UserError, match=r"no frame is of field galaxy, star; they are of a, b"):
        load_stamps(**{**in_pixels, "field_column": "class"})


def test_width_in_arcsec_and_another_pixel_scale(load_stamps: Load) -> None:
    assert load_stamps(cutout_px=None, cutout_arcsec=6.4).image_px == 16
    fine = load_stamps(cutout_px=None, cutout_arcsec=6.4, pixel_scale_arcsec=0.2, center="object")
    assert fine.images.shape[-1] == 32
    np.testing.assert_allclose(fine.images.sum(axis=(2, 3)), 1e4, rtol=5e-3)
    peaks = fine.images.reshape(2 * N, -1).argmax(axis=1)
    assert (np.abs(np.stack(np.divmod(peaks, 32)) - 15.5) <= 1).all()


@pytest.mark.parametrize("split_by", ["field", "cell"])
def test_splits_never_share_a_piece_of_sky(load_stamps: Load, split_by: str) -> None:
    dataset = load_stamps(split_by=split_by, cell_arcmin=1.0, cell_border="drop", cutout_px=8)
    assert dataset.groups is not None
    assert len(set(dataset.groups.tolist())) > 1
    assert all("border of a cell" in reason for reason in dataset.skipped.values())
    assert bool(dataset.skipped) == (split_by == "cell")
    assert dataset.sky_deg is not None
    drawn = assign_splits(dataset, 0.3, 0.0, 0)
    for name in drawn.split_names:
        inside, outside = drawn.sky_deg[drawn.split == name], drawn.sky_deg[drawn.split != name]  # type: ignore[index]
        offset = np.abs(inside[:, None] - outside) * 3600 * [np.cos(np.radians(20)), 1]
        assert (offset.max(axis=2) >= dataset.neighbor_arcsec - 0.05).all()


def test_objects_outside_are_refused_or_left_out(
    load_stamps: Load, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "objects.csv"
    lines = (folder / "objects.csv").read_text().splitlines()
    table.write_text("\n".join([*lines, "far,100,20,,,,star,", "edge,9.9785,20,,,,star,"]))
    with pytest.raises(UserError) as caught:
        load_stamps(table=str(table))
    assert str(caught.value) == (
        "dataset.edges=refuse: 2 objects of 27 are outside every frame of band g, r: far, edge. Remove them from the "
        "table, add the frames, or leave them out by dataset.edges=drop."
    )
    dataset = load_stamps(table=str(table), edges="drop")
    assert dataset.skipped == {
        "far": "outside every frame",
        "edge": "outside every frame of band r",
    }
    assert len(dataset) == N


def test_stamps_at_an_edge_are_refused_masked_or_dropped(
    load_stamps: Load, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "objects.csv"
    lines = (folder / "objects.csv").read_text().splitlines()
    table.write_text("\n".join([*lines, "edge,9.9824,20,,,,star,"]))
    with pytest.raises(UserError, match=r"1 stamp of 26 cannot be cut: edge \(\d+ % of its pixels"):
        load_stamps(table=str(table))
    masked = load_stamps(table=str(table), edges="mask")
    assert masked.invalid_share is not None
    assert np.flatnonzero(masked.invalid_share).tolist() == [N]
    assert np.isfinite(masked.images).all()
    assert list(load_stamps(table=str(table), edges="drop").skipped) == ["edge"]


def test_bad_input_is_refused_in_one_sentence(load_stamps: Load, tmp_path: Path) -> None:
    write_frame(tmp_path / "g-a.fits", np.zeros(SHAPE), None)
    with pytest.raises(UserError, match=r"1 frame of 1 cannot be used: g-a\.fits \(no WCS"):
        load_stamps(frames=str(tmp_path / "{band}-a.fits"), bands=["g"])
    with pytest.raises(
        UserError, match=r"dataset\.ra_column=RA2000 is not a column of dataset\.table"
    ):
        load_stamps(ra_column="RA2000")
    with pytest.raises(UserError, match=r"dataset\.cell_arcmin=0\.05: every stamp"):
        load_stamps(split_by="cell", cell_arcmin=0.05, cell_border="drop")


def test_frames_of_different_scale_need_a_pixel_scale(
    load_stamps: Load, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "frames.csv"
    table.write_text(f"file,band\n{folder}/g-a.fits,g\n{folder}/r-b.fits,g\n")
    with pytest.raises(UserError, match=r"band g have pixels of 0\.3 to 0\.4 arcsec"):
        load_stamps(frames=str(table), bands=["g"])


def test_one_class_suffices_for_an_evaluation(
    folder: Path, tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    lines = (folder / "objects.csv").read_text().splitlines()
    table = tmp_path / "stars.csv"
    table.write_text("\n".join(line for line in lines if "galaxy" not in line))
    values = {"frames": str(folder / "{band}-a.fits"), "bands": ["g"], "cutout_px": 16}
    dataset = load_labeled(source_settings("cutouts", table=str(table), **values))
    assert dataset.classes == ("star",)
    assert dataset.ids.tolist()[:2] == ["1", "2"]


@pytest.mark.skipif(not SDSS.exists(), reason="no ../shared/data")
def test_stamps_of_a_real_frame_are_its_pixels(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    from astropy.io import fits

    file = SDSS / "fpC-005754-r3-0280.fit.gz"
    table = tmp_path / "pixels.csv"
    table.write_text("x,y,class\n100,200,a\n2000.2,1400.4,b\n700,30,a\n")
    values = {"frames": str(file), "table": str(table), "x_column": "x", "y_column": "y"}
    dataset = load(source_settings("cutouts", **values, cutout_px=25, edges="mask"))
    pixels = fits.getdata(file)
    for image, (x, y) in zip(dataset.images, ((99, 199), (1999, 1399), (699, 29)), strict=True):
        np.testing.assert_array_equal(image[0], pixels[y - 12 : y + 13, x - 12 : x + 13])
    fwhm = dataset.cutouts.band_fwhm_arcsec[0]  # type: ignore[union-attr]
    assert fwhm == pytest.approx(1.3, abs=0.15)
