"""Parallel map in threads, in the order of the items and with few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

AHEAD = 2  # chunks that wait, beyond one that each thread computes

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    chunk: int = 1,
    threads: int | None = None,
) -> Iterator[Result]:
    """Yield the result for each item in their order, computed in threads ahead of the caller.

    chunk: items that a thread takes at a time. At most threads + AHEAD chunks are in memory, however
    many items there are. threads: by default one for each core.
    """
    source, threads = iter(items), threads or os.cpu_count() or 1
    pending: deque[Future[list[Result]]] = deque()

    def compute(part: Sequence[Item]) -> list[Result]:
        return [function(item) for item in part]

    with ThreadPoolExecutor(threads) as pool:
        try:
            while part := list(islice(source, chunk)):
                pending.append(pool.submit(compute, part))
                if len(pending) >= threads + AHEAD:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
