from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.formats import BadImage
from astroclf.data.framing import Framing
from astroclf.data.inputs.folder import FilesInput, FolderInput
from astroclf.errors import UserError
from fixtures.band_files import write_bands


def test_images_of_all_folders_come_in_the_order_of_their_paths(
    folder: Path, framing: Framing, pictures: np.ndarray
) -> None:
    images = FolderInput("predict.input=images", folder, framing)
    assert len(images) == 6
    rows = [images.row(position) for position in range(6)]
    assert [row.id for row in rows] == ["a.png", "b/a.png", "c", "d", "e.fits", "z"]
    assert rows[2].path == str(folder / "b/c.png")
    assert images.left_out == {".txt, not a supported format": 1}
    block = images.read(1, 4)
    assert (block.start, block.stop) == (1, 4)
    np.testing.assert_array_equal(block.images, pictures[1:4].transpose(0, 3, 1, 2))


def test_links_to_parents_end(folder: Path, framing: Framing) -> None:
    (folder / "b/again").symlink_to(folder)
    assert len(FolderInput("", folder, framing)) == 6


def test_a_bad_file_has_a_reason_and_the_others_an_image(folder: Path, framing: Framing) -> None:
    (folder / "b/a.png").write_bytes(b"")
    (folder / "d.png").unlink()
    images = FolderInput("", folder, framing)
    block = images.read(0, 5)
    assert list(block.reasons) == ["", "empty file", "", "", ""]
    assert block.images.shape == (4, 3, 8, 8)
    assert block.is_read.tolist() == [True, False, True, True, True]


def test_the_fingerprint_follows_names_and_sizes(folder: Path, framing: Framing) -> None:
    before = FolderInput("", folder, framing).fingerprint()
    assert FolderInput("", folder, framing).fingerprint() == before
    with (folder / "a.png").open("ab") as stream:
        stream.write(b"x")
    assert FolderInput("", folder, framing).fingerprint() != before


def test_names_that_are_not_utf8_are_shown_by_their_bytes(folder: Path, framing: Framing) -> None:
    os.rename(folder / "z.png", os.fsencode(folder) + b"/\xff.png")  # noqa: PTH104
    row = FolderInput("", folder, framing).row(5)
    assert row.id == "\\xff"
    assert row.path.encode()


def test_a_folder_without_permission_is_refused(tmp_path: Path, framing: Framing) -> None:
    with pytest.raises(UserError, match=r"predict\.input: .* cannot be read as a folder"):
        FolderInput("", tmp_path / "missing", framing)


def test_one_image_is_one_row(folder: Path, framing: Framing, pictures: np.ndarray) -> None:
    images = FilesInput("", [str(folder / "b/c.png")], framing)
    assert len(images) == 1
    assert images.row(0).id == "c"
    np.testing.assert_array_equal(images.prepare(0).image, pictures[2].transpose(2, 0, 1))
    with pytest.raises(BadImage):
        FilesInput("", [str(folder / "notes.txt")], framing).prepare(0)


def test_files_with_one_band_each_are_rows_by_their_pattern(
    tmp_path: Path, band_framing: Framing
) -> None:
    first = write_bands(tmp_path, "1", ("u", "g", "r"), seed=1)
    second = write_bands(tmp_path, "2", ("g", "r"), seed=2)
    (tmp_path / "cat-1.fits").touch()
    images = FolderInput("t", tmp_path, band_framing)
    block = images.read(0, len(images))
    assert (block.ids, block.reasons) == (["1", "2"], ["", ""])
    assert images.left_out == {"not of the pattern s-{band}-{id}.fits": 1}
    np.testing.assert_array_equal(block.images[0], first[[2, 0, 1]])
    np.testing.assert_array_equal(block.images[1], [second[1], np.zeros((8, 8)), second[0]])
    before = images.fingerprint()
    (tmp_path / "s-u-2.fits").touch()
    assert FolderInput("t", tmp_path, band_framing).fingerprint() != before


def test_stamps_of_hst_are_rows_of_four_bands_with_the_values_of_astropy(shared_data: Path) -> None:
    folder = shared_data / "fits_examples/hst_bands"
    framing = Framing(
        tuple("vzjh"), "float", "linear", crop_px=None, image_px=84, pattern="GDS_{id}_{band}.fits"
    )
    images = FolderInput("t", folder, framing)
    block = images.read(0, len(images))
    assert (len(images), set(block.reasons)) == (6, {""})
    assert images.left_out == {"not of the pattern GDS_{id}_{band}.fits": 6}  # segmentation maps
    for id, image in zip(block.ids, block.images, strict=True):
        for band, plane in zip("vzjh", image, strict=True):
            expected = fits.getdata(folder / f"GDS_{id}_{band}.fits")
            np.testing.assert_array_equal(plane, expected[::-1])
