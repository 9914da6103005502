from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.framing import Framed
from astroclf.data.inputs.source import Block, ImageInput, Row
from astroclf.data.inputs.stream import block_bounds, read_blocks
from astroclf.data.threads import AHEAD


class Numbers(ImageInput):
    """Images whose pixel is their number; counts the blocks that were read."""

    title, left_out = "numbers", {}

    def __init__(self, count: int) -> None:
        self.count, self.n_read, self.lock = count, 0, threading.Lock()

    def __len__(self) -> int:
        return self.count

    def fingerprint(self) -> str:
        return ""

    def row(self, position: int) -> Row:
        return Row(str(position), "")

    def prepare(self, position: int) -> Framed:
        return Framed(np.full((1, 1, 1), position), 0.0)

    def read(self, start: int, stop: int) -> Block:
        with self.lock:
            self.n_read += 1
        return super().read(start, stop)


@given(
    count=st.integers(0, 60),
    rows=st.integers(1, 20),
    start=st.integers(0, 60),
    threads=st.integers(1, 3),
)
def test_every_row_comes_once_and_in_order(count: int, rows: int, start: int, threads: int) -> None:
    blocks = list(read_blocks(Numbers(count), rows, start, threads))
    ids = [int(id) for block in blocks for id in block.ids]
    assert ids == list(range(start, count))
    assert [int(image) for block in blocks for image in block.images.ravel()] == ids
    assert all(block.stop % rows == 0 or block.stop == count for block in blocks)
    assert list(block_bounds(start, count, rows)) == [(block.start, block.stop) for block in blocks]


def test_no_more_blocks_are_read_than_the_queue_holds() -> None:
    images = Numbers(1000)
    blocks = read_blocks(images, 1, threads=2)
    next(blocks)
    blocks.close()
    assert images.n_read <= 2 + AHEAD


def test_an_error_of_a_thread_reaches_the_loop() -> None:
    class Broken(Numbers):
        def prepare(self, position: int) -> Framed:
            raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        list(read_blocks(Broken(3), 2))
