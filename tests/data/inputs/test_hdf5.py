from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from astroclf.data.framing import Framing
from astroclf.data.inputs.hdf5 import open_hdf5
from astroclf.errors import UserError


@pytest.fixture
def file(tmp_path: Path, pictures: np.ndarray) -> Path:
    with h5py.File(tmp_path / "a.h5", "w") as content:
        content["group/images"] = pictures
        content["objID"] = np.arange(6) + 10
        content["name"] = [f"galaxy {number}" for number in range(6)]
    return tmp_path / "a.h5"


def test_the_only_images_are_found(file: Path, framing: Framing, pictures: np.ndarray) -> None:
    images = open_hdf5("a", file, framing, None, "objID", ["name"])
    block = images.read(2, 5)
    assert list(block.ids) == ["12", "13", "14"]
    assert block.paths[0] == "group/images[2]"
    assert block.kept[0] == ("galaxy 2",)
    np.testing.assert_array_equal(block.images, pictures[2:5].transpose(0, 3, 1, 2))
    assert images.fingerprint() != open_hdf5("a", file, framing, None, None, ()).fingerprint()


def test_datasets_that_do_not_fit_are_refused(file: Path, framing: Framing) -> None:
    with h5py.File(file, "a") as content:
        content["more"] = np.zeros((2, 8, 8, 3), np.uint8)
        content["link"] = h5py.ExternalLink("/etc/passwd", "a")
    for images, id, sentence in (
        (None, None, r"arrays group/images, more of 3 or 4 axes\. Name that"),
        ("nothing", None, r"predict\.images=nothing is not an array of a, which has group/images"),
        ("objID", None, r"predict\.images=objID of a has the shape \(6,\)"),
        ("more", "objID", r"predict\.id_column=objID .* not one value for each of 2 images"),
    ):
        with pytest.raises(UserError, match=sentence):
            open_hdf5("a", file, framing, images, id, ())
    file.write_bytes(b"\x89HDF")
    with pytest.raises(UserError, match="cannot be read as HDF5"):
        open_hdf5("a", file, framing, None, None, ())
