from __future__ import annotations

import bz2
import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import astroclf.data.formats.fits
from astroclf.data.formats import BadImage, decode, read_header
from fixtures.image_files import decoded, reason_of

TYPES = ("testD.fits", "testD.fits.bz2", "testD.fits.fz", "testD.fits.gz", "testF.fits", "testF.fits.fz",
         "testI.fits", "testS.fits", "testUI.fits", "testUS.fits", "test_cubeF.fits", "test_cubeF.fits.fz",
         "test_cubeS.fits.gz")  # fmt: skip


def astropy_values(file: Path) -> np.ndarray:
    """Return the first image of a file as astropy reads it, (C, H, W) with the last row on top."""
    with fits.open(file) as units:
        images = (unit for unit in units if not isinstance(unit, fits.BinTableHDU))
        data = next(unit.data for unit in images if unit.data is not None)
    return data.reshape(-1, *data.shape[-2:])[:, ::-1]


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_the_values_of_astropy(shared_data: Path, name: str) -> None:
    file = shared_data / "fits_examples/types" / name
    picture = decoded(file)
    assert picture.dtype == np.float32
    np.testing.assert_array_equal(picture, astropy_values(file).astype(np.float32))


def test_unsigned_16_bit_values_have_that_depth(shared_data: Path) -> None:
    folder = shared_data / "fits_examples/types"
    assert read_header(folder / "testUS.fits").depth == "16-bit"
    assert read_header(folder / "testS.fits").depth == "float"


def test_planes_of_a_cube_are_bands(shared_data: Path) -> None:
    header = read_header(shared_data / "fits_examples/types/test_cubeF.fits")
    assert header.channels > 1
    assert header.bands[0] == "plane 1"


@pytest.mark.slow
def test_every_shared_file_has_the_values_of_astropy_or_a_reason(shared_data: Path) -> None:
    pattern = re.compile(r"\.fits?(\.(fz|gz|bz2))?$")
    files = [
        *(file for file in (shared_data / "fits_examples").rglob("*") if pattern.search(file.name)),
        *(file for file in (shared_data / "sdss_fits").rglob("*") if pattern.search(file.name)),
    ]
    n_images = 0
    for file in files:
        try:
            expected = astropy_values(file)
        except StopIteration:  # tables only
            assert reason_of(file) == "a FITS table, not an image"
            continue
        n_images += 1
        np.testing.assert_array_equal(decoded(file), expected.astype(np.float32), str(file))
    assert (len(files), n_images) == (577, 485)


def test_a_table_is_no_image(shared_data: Path) -> None:
    table = shared_data / "fits_examples/types/real_galaxy_catalog_23.5_example_fits.fits"
    assert reason_of(table) == "a FITS table, not an image"


def test_scaled_and_blank_pixels(tmp_path: Path) -> None:
    image = fits.PrimaryHDU(np.array([[1, 2], [-9, 4]], np.int16))
    image.header.update({"BLANK": -9, "BSCALE": 0.5, "BZERO": 10.0})
    image.writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits", mode="update", do_not_scale_image_data=True) as units:
        units[0].data = np.array([[1, 2], [-9, 4]], np.int16)
        units[0].header.update({"BLANK": -9, "BSCALE": 0.5, "BZERO": 10.0})
    picture = decoded(tmp_path / "a.fits")
    assert picture[0].tolist()[1] == [10.5, 11.0]
    assert np.isnan(picture[0, 0, 0])
    assert picture[0, 0, 1] == 12


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_8_bit_images_and_the_number_of_the_hdu(tmp_path: Path, pack: object) -> None:
    first, second = np.arange(6, dtype=np.uint8).reshape(2, 3), np.ones((4, 5), np.float32)
    units = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(first), fits.ImageHDU(second)])
    units.writeto(tmp_path / "a.fits")
    (tmp_path / "a.fits.x").write_bytes(pack((tmp_path / "a.fits").read_bytes()))  # type: ignore[operator]
    header, picture = decode(tmp_path / "a.fits.x")
    assert header.depth == "8-bit"
    np.testing.assert_array_equal(picture[0], first[::-1])
    assert decode(tmp_path / "a.fits.x", hdu=2)[1].shape == (1, 4, 5)
    for hdu, reason in ((0, "HDU 0 holds no image"), (7, "3 HDUs, none with number 7")):
        with pytest.raises(BadImage, match=reason):
            decode(tmp_path / "a.fits", hdu=hdu)


def test_unusable_files_have_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(astroclf.data.formats.fits, "OTHER_BYTES", 2**20)
    file = tmp_path / "a.fits"
    fits.PrimaryHDU().writeto(file)
    assert reason_of(file) == "a FITS file without an image"
    fits.PrimaryHDU(np.zeros((2, 2, 2, 3), np.float32)).writeto(file, overwrite=True)
    assert reason_of(file) == "4 axes: give an image or a cube of bands"
    fits.PrimaryHDU(np.zeros((40, 50), np.float32)).writeto(file, overwrite=True)
    assert "over the limit of 0.001 megapixels" in reason_of(file, max_megapixels=0.001)
    content = file.read_bytes()
    file.write_bytes(gzip.compress(b"no image"))
    assert reason_of(file) == "a gzip archive without FITS, not an image"
    file.write_bytes(gzip.compress(content)[:-9])
    assert reason_of(file) == "truncated or damaged gzip file"
    file.write_bytes(gzip.compress(content + bytes(2 * 2**20)))
    assert "after decompression" in reason_of(file, max_megapixels=0.01)


@pytest.mark.filterwarnings("ignore")
def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.fits"
    fits.PrimaryHDU(np.zeros((80, 80), np.float32)).writeto(file)
    file.write_bytes(file.read_bytes()[:9000])
    with pytest.raises(BadImage):
        decode(file)
