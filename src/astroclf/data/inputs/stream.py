"""Blocks of an input, read in threads ahead of the network."""

from __future__ import annotations

from collections.abc import Iterator

from astroclf.data.inputs.source import Block, ImageInput
from astroclf.data.threads import map_ahead


def read_blocks(
    images: ImageInput, rows: int, start: int = 0, threads: int | None = None
) -> Iterator[Block]:
    """Return the rows from `start` on in blocks of so many rows, in their order.

    Blocks end at multiples of `rows`, so that a run that goes on predicts the same batches. At most
    threads + AHEAD blocks are in memory, whatever the size of the input.
    """
    bounds = block_bounds(start, len(images), rows)
    return map_ahead(lambda block: images.read(*block), bounds, threads=threads)


def block_bounds(start: int, end: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first row and the end of each block from start to end."""
    while start < end:
        stop = min(start - start % rows + rows, end)
        yield start, stop
        start = stop
