from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.formats import BadImage
from astroclf.data.formats.fits_units import choose_units, read_units, unit_data
from fixtures.image_files import reason_of

NOISE = np.random.default_rng(0).normal(10, 2, (40, 50)).astype(np.float32)


def stream_of(*units: fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU) -> io.BytesIO:
    stream = io.BytesIO()
    fits.HDUList([*units]).writeto(stream)
    return stream


def test_headers_sizes_and_names_are_those_of_astropy(shared_data: Path) -> None:
    files = sorted((shared_data / "fits_examples/types").glob("*.f*[sz]"))
    files += sorted((shared_data / "sdss_fits/frame").glob("*.fit"))
    for file in (each for each in files if each.suffix != ".gz"):
        with fits.open(file) as expected, file.open("rb") as stream:
            units = list(read_units(stream))
            assert [unit.start for unit in units] == [e.fileinfo()["datLoc"] for e in expected]
            assert [unit.name for unit in units] == [e.name for e in expected]
            assert [unit.header["BITPIX"] for unit in units if not unit.is_compressed] == [
                *(e.header["BITPIX"] for e in expected if not isinstance(e, fits.CompImageHDU))
            ]


def test_hdus_are_chosen_by_number_name_and_version() -> None:
    science = [fits.ImageHDU(NOISE * n, name="SCI", ver=n) for n in (1, 2)]
    stream = stream_of(fits.PrimaryHDU(), *science, fits.ImageHDU(NOISE * 3, name="Weight"))
    for hdu, factors in {
        None: [1],
        1: [1],
        "sci": [1],
        "SCI,2": [2],
        ("weight", 1): [3, 1],
    }.items():
        units = choose_units(stream, hdu)  # type: ignore[arg-type]
        for unit, factor in zip(units, factors, strict=True):
            np.testing.assert_array_equal(unit_data(stream, unit), NOISE * np.float32(factor))


def test_hdus_that_are_missing_or_no_image_have_a_reason() -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])], name="CAT")
    small = fits.ImageHDU(NOISE[:20], name="SMALL")
    stream = stream_of(fits.PrimaryHDU(NOISE), table, small)
    for hdu, reason in {
        "DQ": "no HDU named DQ, only PRIMARY, CAT, SMALL",
        9: "3 HDUs, none with number 9",
        "cat": "HDU cat is a table",
        (0, 2): r"HDUs of different size: HDU 0 \(PRIMARY\) 50 x 40 px, HDU 2 \(SMALL\) 50 x 20 px",
    }.items():
        with pytest.raises(BadImage, match=reason):
            choose_units(stream, hdu)  # type: ignore[arg-type]


def test_only_cards_that_matter_are_parsed() -> None:
    image = fits.PrimaryHDU(NOISE)
    image.header["FILTER"], image.header["CRVAL1"] = "F160W", 53.1
    for number in range(1000):
        image.header[f"D{number:03d}VER"] = "drizzle"
    stream = stream_of(image)
    (unit,) = choose_units(stream, None)
    assert len(unit.header) < 20
    assert (unit.header["FILTER"], unit.header["CRVAL1"]) == ("F160W", 53.1)
    np.testing.assert_array_equal(unit_data(stream, unit), NOISE)


def edited(content: bytes, old: str, new: str) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_more_pixels_than_the_file_holds_are_refused_before_allocation(
    tmp_path: Path, compressed: bool
) -> None:
    file = tmp_path / "a.fits"
    unit = fits.CompImageHDU(NOISE) if compressed else fits.PrimaryHDU(NOISE)
    stream = stream_of(fits.PrimaryHDU(), unit) if compressed else stream_of(unit)
    axes = "ZNAXIS" if compressed else "NAXIS"
    content = stream.getvalue()
    for axis, length in ((1, 50), (2, 40)):
        card = f"{axes}{axis}".ljust(8) + "= "
        content = edited(content, f"{card}{length:>20}", f"{card}{9_000:>20}")
    file.write_bytes(content)
    tracemalloc.start()
    assert "truncated: its header states 9000 x 9000 px" in reason_of(file)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_one_tile_of_few_bytes_cannot_be_a_large_image(tmp_path: Path) -> None:
    stream = stream_of(fits.PrimaryHDU(), fits.CompImageHDU(NOISE, tile_shape=(40, 50)))
    content = stream.getvalue()
    for axis, length in ((1, 50), (2, 40)):
        for card in (f"ZNAXIS{axis}".ljust(8) + "= ", f"ZTILE{axis}".ljust(8) + "= "):
            content = edited(content, f"{card}{length:>20}", f"{card}{9_900:>20}")
    (tmp_path / "a.fits.fz").write_bytes(content)
    assert "more than the file holds" in reason_of(tmp_path / "a.fits.fz")


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(stream_of(fits.PrimaryHDU(NOISE)).getvalue()[:2000])
    assert reason_of(tmp_path / "a.fits") == "truncated or damaged FITS header"
