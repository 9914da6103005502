"""Blocks of an input, read in threads ahead of the network."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from astroclf.data.inputs.source import Block, ImageInput

AHEAD = 2  # blocks that wait for the network, beyond one that each thread reads


def read_blocks(
    images: ImageInput, rows: int, start: int = 0, threads: int | None = None
) -> Iterator[Block]:
    """Yield the rows from `start` on in blocks of so many rows, in their order.

    Blocks end at multiples of `rows`, so that a run that goes on predicts the same batches. At most
    threads + AHEAD blocks are in memory, whatever the size of the input.
    """
    threads = threads or os.cpu_count() or 1
    pending: deque[Future[Block]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for first, stop in block_bounds(start, len(images), rows):
                pending.append(pool.submit(images.read, first, stop))
                if len(pending) >= threads + AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def block_bounds(start: int, end: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first row and the end of each block from start to end."""
    while start < end:
        stop = min(start - start % rows + rows, end)
        yield start, stop
        start = stop
