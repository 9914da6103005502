from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError
from astroclf.settings import Settings

N = 24
COLOR = np.random.default_rng(0).integers(0, 256, (N, 10, 10, 3), np.uint8)

Read = Callable[..., ImageDataset]


def png(picture: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "png")
    return stream.getvalue()


@pytest.fixture
def table() -> pa.Table:
    """Return a table as Hugging Face writes it, with more columns."""
    feature = {"names": ["spiral", "smooth"], "_type": "ClassLabel"}
    metadata = {"huggingface": json.dumps({"info": {"features": {"label": feature}}})}
    columns = {
        "image": [{"bytes": png(picture), "path": f"{i}.png"} for i, picture in enumerate(COLOR)],
        "pixels": COLOR.tolist(),
        "label": np.arange(N) % 2,
        "objid": [f"{i:04d}" for i in range(N)],
        "ra": np.arange(N, dtype=float),
        "dec": np.zeros(N),
    }
    return pa.table(columns).replace_schema_metadata(metadata)


@pytest.fixture
def read(settings: Callable[..., Settings], tmp_path: Path) -> Read:
    """read(*overrides): the images of a.parquet, or of the file in the overrides."""

    def load(*overrides: str) -> ImageDataset:
        of = (f"dataset.file={tmp_path / 'a.parquet'}", f"dataset.cache={tmp_path / 'cache'}")
        return load_dataset(
            settings("dataset=parquet", *of, "dataset.image_px=null", *overrides).dataset
        )

    return load


def test_files_and_nested_lists_give_the_same_images(
    read: Read, table: pa.Table, tmp_path: Path
) -> None:
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=7)
    files, lists = read(), read("dataset.image_column=pixels")
    np.testing.assert_array_equal(files.images, COLOR.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(lists.images[:, 0], COLOR[..., 0])
    assert files.classes == ("spiral", "smooth")
    np.testing.assert_array_equal(files.targets, np.arange(N) % 2)


def test_columns_are_those_of_a_catalog(read: Read, table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    dataset = read(
        "dataset.id_column=objid",
        "dataset.ra_column=ra",
        "dataset.dec_column=dec",
        "dataset.pixel_scale_arcsec=0.3",
        "dataset.class_names=[a,b]",
    )
    assert dataset.ids[7] == "0007"
    assert dataset.classes == ("a", "b")
    assert dataset.neighbor_arcsec == pytest.approx(3)


def test_parts_of_a_folder_are_splits_by_their_names(
    read: Read, table: pa.Table, tmp_path: Path
) -> None:
    folder = tmp_path / "sky/data"
    folder.mkdir(parents=True)
    for name, start, stop in (
        ("train-00000-of-00002", 0, 8),
        ("train-00001-of-00002", 8, 16),
        ("validation-00000-of-00001", 16, 20),
        ("test-00000-of-00001", 20, 24),
    ):
        pq.write_table(table.slice(start, stop - start), folder / f"{name}.parquet")
    dataset = read(f"dataset.file={tmp_path / 'sky'}")
    order = [*range(20, 24), *range(16), *range(16, 20)]  # of the names
    np.testing.assert_array_equal(dataset.images, COLOR[order].transpose(0, 3, 1, 2))
    assert dataset.split.tolist() == ["test"] * 4 + ["train"] * 16 + ["val"] * 4


def test_rows_without_an_image_are_skipped(read: Read, table: pa.Table, tmp_path: Path) -> None:
    images = table["image"].to_pylist()
    images[3], images[9] = None, {"bytes": None, "path": "elsewhere.png"}
    pq.write_table(table.set_column(0, "image", pa.array(images)), tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"2 of 24 images cannot be used: image\[3\], image\[9\]"):
        read()
    dataset = read("dataset.on_bad_image=skip")
    assert len(dataset) == 22
    assert dataset.ids[3] == "4"
    assert list(dataset.skipped) == ["image[3]", "image[9]"]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["image_column=picture"], r"dataset\.image_column=picture is not a column of dataset\.file="),
        (["label_column=image"], r"dataset\.label_column=image of .* holds struct"),
        (["image_column=ra"], r"dataset\.image_column=ra of .* holds double\. Give a column of image files"),
        (["file=missing"], r"dataset\.file=missing: no Parquet or Arrow file is there"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_refused(
    read: Read, table: pa.Table, tmp_path: Path, overrides: list[str], sentence: str
) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UserError, match=sentence):
        read(*(f"dataset.{override}" for override in overrides))
