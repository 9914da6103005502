from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.formats import BadImage
from astroclf.data.mosaics.frame_pixels import Box, FrameReader, open_unit

BOX = Box(3, 12, -2, 6)


def source(file: Path, hdu: int | str | None = None, plane: int | None = None) -> Any:
    return SimpleNamespace(file=file, hdu=hdu, plane=plane, shape=(30, 40))


@pytest.mark.parametrize("kind", ["float32", "float64", "int16", "uint16", "scaled", "cube"])
@pytest.mark.parametrize("packing", ["", ".gz", ".bz2", ".fz"])
def test_parts_are_those_of_astropy(tmp_path: Path, kind: str, packing: str) -> None:
    if packing == ".fz" and kind in ("cube", "float64"):
        pytest.skip("compressed with loss or by planes")
    rng = np.random.default_rng(0)
    values = rng.normal(1000, 300, (2, 30, 40) if kind == "cube" else (30, 40))
    dtype = {"float64": "f8", "int16": "i2", "uint16": "u2", "scaled": "i2"}.get(kind, "f4")
    hdu: Any = fits.ImageHDU(values.astype(dtype))
    if kind == "scaled":
        hdu.header["BLANK"] = int(hdu.data[5, 1])
    if packing == ".fz":
        hdu = fits.CompImageHDU(hdu.data, hdu.header, compression_type="GZIP_1", quantize_level=0)
    file = tmp_path / "frame.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    if kind == "scaled":
        with fits.open(file, mode="update", do_not_scale_image_data=True) as units:
            units[1].header["BSCALE"], units[1].header["BZERO"] = 0.5, 10.0
    expected = np.asarray(fits.getdata(file, 1), np.float32)
    if packing in (".gz", ".bz2"):
        packed = file.with_name(file.name + packing)
        packed.write_bytes((gzip if packing == ".gz" else bz2).compress(file.read_bytes()))
        file = packed
    plane = 1 if kind == "cube" else None
    part = FrameReader().read(source(file, 1, plane), BOX)
    assert part.shape == (9, 8)
    assert np.isnan(part[:, :2]).all()
    whole = expected[1] if kind == "cube" else expected
    np.testing.assert_array_equal(part[:, 2:], whole[3:12, :6])
    if kind == "scaled" and packing == "":
        assert np.isnan(part[2, 3])


def test_plain_frames_are_mapped_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.fits"
    shape = (100_000, 100_000)  # 40 GB, of which the file system stores almost nothing
    header = fits.PrimaryHDU(np.zeros((1, 1), np.float32)).header
    header["NAXIS1"], header["NAXIS2"] = shape
    content = header.tostring().encode()
    with file.open("wb") as stream:
        stream.write(content)
        stream.truncate(len(content) + -(-4 * shape[0] * shape[1] // 2880) * 2880)
    frame = SimpleNamespace(file=file, hdu=None, plane=None, shape=shape)
    part = FrameReader().read(frame, Box(50_000, 50_010, 0, 4))  # type: ignore[arg-type]
    np.testing.assert_array_equal(part, 0)


def test_files_without_an_image_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.fits"
    fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])]).writeto(table)
    with pytest.raises(BadImage, match="a FITS table, not an image"):
        open_unit(table, None)
    with pytest.raises(BadImage, match="HDU 1 is a table"):
        open_unit(table, 1)
    short = tmp_path / "short.fits"
    fits.writeto(short, np.zeros((90, 90), np.float32))
    short.write_bytes(short.read_bytes()[:6000])
    with pytest.raises(BadImage, match="truncated"):
        open_unit(short, None)
    (tmp_path / "text.fits").write_text("no FITS")
    with pytest.raises(BadImage, match="no FITS file"):
        open_unit(tmp_path / "text.fits", None)
    (tmp_path / "half.fits.gz").write_bytes(gzip.compress(b"x" * 10_000)[:20])
    with pytest.raises(BadImage):
        open_unit(tmp_path / "half.fits.gz", None)
