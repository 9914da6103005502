from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from astroclf.data.formats import GRAY
from astroclf.data.framing import Framing
from astroclf.data.inputs.arrays import ArrayInput
from astroclf.data.inputs.folder import FolderInput
from astroclf.data.inputs.source import Row, block_of


def test_a_block_marks_its_rows_with_images() -> None:
    rows = [Row("a", "a.png", ("1",)), Row("b", "b.png", ("2",))]
    block = block_of(4, rows, ["", "empty file"], np.zeros((1, 3, 8, 8)))
    assert (len(block), block.stop) == (2, 6)
    assert block.is_read.tolist() == [True, False]
    assert block.kept == [("1",), ("2",)]


def test_a_block_may_have_no_image(folder: Path, framing: Framing) -> None:
    (folder / "a.png").write_bytes(b"")
    block = FolderInput("", folder, framing).read(0, 1)
    assert len(block.images) == 0
    assert list(block.reasons) == ["empty file"]


def test_a_block_has_the_share_of_invalid_pixels_of_each_image(tmp_path: Path) -> None:
    flux = np.ones((3, 4, 4), np.float32)
    flux[1, 0, :2], flux[2] = np.nan, np.nan
    for number, picture in enumerate(flux):
        fits.writeto(tmp_path / f"{number}.fits", picture)
    framing = Framing(GRAY, "float", "linear", crop_px=None, image_px=4)
    block = FolderInput("", tmp_path, framing).read(0, 3)
    assert block.invalid_shares.tolist() == [0, 0.125]
    assert [bool(reason) for reason in block.reasons] == [False, False, True]


def test_arrays_have_shares_of_invalid_pixels_too() -> None:
    flux = np.ones((2, 1, 4, 4), np.float32)
    flux[1, 0, 0, 0] = np.inf
    framing = Framing(GRAY, "float", "linear", crop_px=None, image_px=4)
    images = ArrayInput("images", flux, framing, lambda position: Row(str(position), ""))
    assert images.read(0, 1).invalid_shares.tolist() == [0]
    block = images.read(0, 2)
    assert block.invalid_shares.tolist() == [0, 0.0625]
    assert np.isfinite(block.images).all()
