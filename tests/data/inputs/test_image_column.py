from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from astroclf.data.framing import Framing
from astroclf.data.inputs.image_column import BLOCKS_KEPT, ForwardReader, ImageColumn
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.inputs.stream import read_blocks
from astroclf.errors import UserError


def png(picture: np.ndarray) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "png")
    return stream.getvalue()


@pytest.fixture
def file(tmp_path: Path, pictures: np.ndarray) -> Path:
    images = [{"bytes": png(picture), "path": None} for picture in pictures]
    images[4] = {"bytes": b"no image", "path": None}
    columns = {
        "image": images,
        "pixels": pictures.tolist(),
        "objid": [f"{i:03d}" for i in range(6)],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=4)
    return tmp_path / "a.parquet"


def test_a_column_of_files_is_predicted(file: Path, framing: Framing, pictures: np.ndarray) -> None:
    images = open_input(file, framing, InputOptions(id_column="objid", keep_columns=("objid",)))
    assert isinstance(images, ImageColumn)
    blocks = list(read_blocks(images, 4))
    assert [row for block in blocks for row in block.ids] == [f"{i:03d}" for i in range(6)]
    assert blocks[0].paths[1] == "image[1]"
    assert blocks[1].kept[1] == ("005",)
    assert [bool(reason) for reason in blocks[1].reasons] == [True, False]
    np.testing.assert_array_equal(blocks[0].images, pictures[:4].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(blocks[1].images, pictures[5:].transpose(0, 3, 1, 2))


def test_a_column_of_pixels_is_named(file: Path, framing: Framing, pictures: np.ndarray) -> None:
    images = open_input(file, framing, InputOptions(images="pixels"))
    with pytest.raises(Exception, match="values, not 8-bit"):  # lists of int64
        images.prepare(0)
    column = pa.array(pictures.tolist(), pa.list_(pa.list_(pa.list_(pa.uint8()))))
    pq.write_table(pa.table({"stamp": column}), file)
    images = open_input(file, framing, InputOptions())
    np.testing.assert_array_equal(images.prepare(3).image, pictures[3].transpose(2, 0, 1))
    assert images.row(3).id == "3"


def test_a_column_without_images_is_refused(file: Path, framing: Framing) -> None:
    with pytest.raises(UserError, match=r"predict\.images=objid of .* holds string"):
        open_input(file, framing, InputOptions(images="objid"))


def test_rows_are_read_once_by_threads_and_again_only_from_the_start() -> None:
    starts, kept = [], []

    def source() -> Iterator[bytes]:
        starts.append(0)
        yield from (str(row).encode() for row in range(1000))

    reader = ForwardReader(source)
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(lambda start: reader.take(start, start + 10), range(0, 1000, 10)))
    assert [int(cell or b"") for block in blocks for cell in block] == list(range(1000))
    assert len(starts) == 1
    assert reader.take(900, 910)[0] == b"900"  # of a resumed run
    kept.append(len(reader._waiting))
    assert kept[0] <= BLOCKS_KEPT * 10
    assert len(starts) == 2
