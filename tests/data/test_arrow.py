from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.arrow import ArrowFile, array_of_lists, images_of
from astroclf.errors import UserError

TABLE = pa.table(
    {
        "image": [b"\x89PNG", None, b"II*\0"] * 60,
        "label": pa.array([0, 1, None] * 60),
        "name": pa.array(["star", "galaxy", "é"] * 60).dictionary_encode(),
        "objid": pa.array([1237648720693755918, 2, 3] * 60, pa.uint64()),
    }
)


@pytest.fixture(params=["a.parquet", "a.feather", "stream.arrow"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path: Path = tmp_path / request.param
    if path.suffix == ".parquet":
        pq.write_table(TABLE, path, row_group_size=100)
    elif path.suffix == ".feather":
        pyarrow.feather.write_feather(TABLE, str(path))
    else:
        with pa.ipc.new_stream(str(path), TABLE.schema) as stream:
            stream.write_table(TABLE, max_chunksize=100)
    return path


def test_columns_are_read_in_few_rows(file: Path) -> None:
    content = ArrowFile("dataset.file=a", file)
    assert content.count == 180
    assert list(content.images("image")) == TABLE["image"].to_pylist()
    assert content.cells("k", "label") == ["0", "1", ""] * 60
    assert content.cells("k", "name") == ["star", "galaxy", "é"] * 60
    assert content.cells("k", "objid")[0] == "1237648720693755918"
    assert max(batch.num_rows for batch in content.batches(["label"])) <= 64


def test_a_missing_column_and_a_damaged_file_are_refused(file: Path) -> None:
    with pytest.raises(UserError) as refused:
        ArrowFile("dataset.file=a", file).cells("dataset.label_column", "class")
    assert str(refused.value) == (
        "dataset.label_column=class is not a column of dataset.file=a, which has image, label, name, objid."
    )
    file.write_bytes(file.read_bytes()[:90])
    with pytest.raises(UserError, match=r"dataset\.file=a cannot be read as Parquet or Arrow"):
        ArrowFile("dataset.file=a", file)


def test_nested_labels_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"label": [[1, 2]]}), tmp_path / "a.parquet")
    with pytest.raises(
        UserError, match=r"dataset\.label_column=label of a holds list<.*numbers or text"
    ):
        ArrowFile("a", tmp_path / "a.parquet").cells("dataset.label_column", "label")


@pytest.mark.parametrize(
    ("feature", "names"),
    [
        ({"names": ["spiral", "smooth"], "_type": "ClassLabel"}, ("spiral", "smooth")),
        ({"dtype": "int64", "_type": "Value"}, None),
        (["unexpected"], None),
        (None, None),
    ],
)
def test_class_names_are_those_of_the_metadata(
    tmp_path: Path, feature: object, names: tuple[str, ...] | None
) -> None:
    metadata = {"huggingface": json.dumps({"info": {"features": {"label": feature}}})}
    pq.write_table(
        pa.table({"label": [0]}).replace_schema_metadata(metadata), tmp_path / "a.parquet"
    )
    content = ArrowFile("a", tmp_path / "a.parquet")
    assert content.class_names("label") == names
    assert content.class_names("other") is None


def test_images_of_structs_are_their_bytes() -> None:
    rows = [{"bytes": b"a", "path": None}, {"bytes": None, "path": "b.png"}, None]
    assert list(images_of(pa.array(rows))) == [b"a", None, None]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3), st.sampled_from(["u1", "f4", "i8"]))
def test_nested_lists_are_arrays(height: int, width: int, bands: int, dtype: str) -> None:
    images = np.random.default_rng(0).integers(0, 99, (3, height, width, bands)).astype(dtype)
    for kind in (pa.list_, pa.large_list):
        nested = pa.from_numpy_dtype(images.dtype)
        for _ in range(3):
            nested = kind(nested)
        for image, found in zip(images, images_of(pa.array(images.tolist(), nested)), strict=True):
            assert isinstance(found, np.ndarray)
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, image)


def test_ragged_lists_and_nulls_are_no_image() -> None:
    assert array_of_lists(pa.array([[1, 2], [3]])) is None
    assert array_of_lists(pa.array([[1, None]])) is None
    assert array_of_lists(pa.array([[1, 2], None])) is None
    sliced = pa.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])[1].values
    np.testing.assert_array_equal(array_of_lists(sliced), [[5, 6], [7, 8]])
