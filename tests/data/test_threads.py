from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count

import pytest

from astroclf.data.threads import AHEAD, map_ahead


@pytest.mark.parametrize("chunk", [1, 4])
def test_results_are_in_order_and_few_items_are_read_ahead(chunk: int) -> None:
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for number in range(40 * chunk):
            taken += 1
            yield number

    def slow(number: int) -> int:
        time.sleep(0.0002 * (number % 3))
        return -number

    results = []
    for position, result in enumerate(map_ahead(slow, source(), chunk, threads=3)):
        results.append(result)
        assert taken <= position + (3 + AHEAD + 1) * chunk
    assert results == [-number for number in range(40 * chunk)]


def test_endless_items_can_be_closed_early() -> None:
    results = map_ahead(str, count(), 2)
    assert [next(results) for _ in range(3)] == ["0", "1", "2"]
    results.close()


def test_an_error_of_a_thread_is_raised_at_its_item() -> None:
    results = map_ahead(lambda number: 1 / number, [2, 1, 0, 1])
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)
