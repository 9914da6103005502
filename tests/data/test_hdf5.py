from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from astroclf.data.hdf5 import Hdf5File
from astroclf.errors import UserError

PIXELS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "b.h5", "w") as other:
        other["secret"] = np.arange(2)
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as content:
        content["group/plain"] = PIXELS
        content.create_dataset("packed", data=PIXELS, compression="gzip")
        content.create_dataset("never_written", (2, 3), np.float32)
        content["ids"] = [["0012"], ["é"]]
        content["numbers"] = np.array([0.1, 7e17])
        content["alias"] = h5py.SoftLink("/group/plain")
        content["elsewhere"] = h5py.ExternalLink("b.h5", "secret")
        content["folder"] = h5py.ExternalLink("b.h5", "/")
        raw = [(str(tmp_path / "raw.bin"), 0, 16)]
        content.create_dataset("outside", (2,), np.float64, external=raw)
        layout = h5py.VirtualLayout((2,), np.int64)
        layout[:] = h5py.VirtualSource("b.h5", "secret", (2,))
        content.create_virtual_dataset("virtual", layout)
        content.create_dataset("objects", (2,), h5py.vlen_dtype(np.int32))
        content.create_dataset("references", (2,), h5py.ref_dtype)
        content["records"] = np.zeros(2, [("a", np.int8), ("b", np.int8)])
    return tmp_path / "a.h5"


def opened(file: Path) -> Hdf5File:
    return Hdf5File(f"dataset.file={file.name}", file)


def test_arrays_are_found_by_name_without_links(file: Path) -> None:
    content = opened(file)
    assert {"group/plain", "ids", "numbers"} <= set(content.arrays)
    assert not {"alias", "elsewhere", "folder/secret"} & set(content.arrays)
    np.testing.assert_array_equal(content.array("dataset.images_array", "/group/plain"), PIXELS)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent", "dataset.label_column=absent is not an array of dataset.file=a.h5, which has "),
        ("group", "is not an array of"),
        ("alias", "dataset.label_column=alias of dataset.file=a.h5 is a link. Name the array"),
        ("elsewhere", "is a link"),
        ("folder/secret", "is a link"),
        ("outside", "outside of dataset.file=a.h5: its values are in other files. Copy them"),
        ("virtual", "its values are in other files"),
        ("objects", "holds objects or records"),
        ("references", "holds objects or records"),
        ("records", "holds objects or records"),
    ],
)
def test_links_objects_and_missing_arrays_are_refused(file: Path, name: str, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        opened(file).array("dataset.label_column", name)
    assert sentence in str(refused.value)


def test_cells_keep_every_digit(file: Path) -> None:
    content = opened(file)
    assert content.cells("dataset.id_column", "ids", 2) == ["0012", "é"]
    assert [float(cell) for cell in content.cells("k", "numbers", 2)] == [0.1, 7e17]


def test_another_number_of_values_is_refused(file: Path) -> None:
    with pytest.raises(UserError) as refused:
        opened(file).cells("dataset.label_column", "numbers", 3)
    assert str(refused.value) == (
        "dataset.label_column=numbers of dataset.file=a.h5 has the shape (2,), not one value for each of 3 images."
    )


def test_one_block_of_the_file_is_mapped_in_place(file: Path) -> None:
    content = opened(file)
    mapped = content.mapped(content.array("k", "group/plain"))
    assert isinstance(mapped, np.memmap)
    assert mapped.mode == "r"
    np.testing.assert_array_equal(mapped, PIXELS)
    assert content.mapped(content.array("k", "packed")) is None
    assert content.mapped(content.array("k", "never_written")) is None


@pytest.mark.parametrize("kept_bytes", [0, 100, 4000])
def test_a_truncated_file_is_refused(file: Path, kept_bytes: int) -> None:
    file.write_bytes(file.read_bytes()[:kept_bytes])
    with pytest.raises(UserError, match=r"cannot be read as HDF5: it is truncated, damaged"):
        opened(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not a file\. Give an HDF5 file"):
        opened(tmp_path)
