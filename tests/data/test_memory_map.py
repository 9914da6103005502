from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from astroclf.data import memory_map as module
from astroclf.data.memory_map import BoundedReader


@pytest.fixture
def mapped(tmp_path: Path) -> np.memmap:
    """64 MiB of random images (N, H, W, C)."""
    values = np.random.default_rng(0).integers(0, 256, (4096, 64, 64, 4), np.uint8)
    values.tofile(tmp_path / "images.bin")
    return np.memmap(tmp_path / "images.bin", np.uint8, "r", shape=values.shape)


def test_rows_are_those_of_the_array_whatever_the_order_of_its_axes(mapped: np.memmap) -> None:
    rows = np.array([7, 0, 4095])
    for axes in ((0, 1, 2, 3), (0, 3, 1, 2), (0, 2, 1, 3)):
        array = mapped.transpose(axes)
        reader = BoundedReader(array)
        np.testing.assert_array_equal(reader.read(rows), array[rows])
        np.testing.assert_array_equal(reader.read(slice(3, 9)), array[3:9])
        chunks = list(reader.chunks(np.arange(10), 4))
        assert [len(chunk) for chunk in chunks] == [4, 4, 2]
        np.testing.assert_array_equal(np.concatenate(chunks), array[:10])


def test_rows_are_copies() -> None:
    array = np.zeros((3, 2))
    BoundedReader(array).read(slice(0, 3))[:] = 1
    assert not array.any()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts mapped pages apart")
def test_resident_memory_is_bounded(mapped: np.memmap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE_BYTES", 2**20)
    monkeypatch.setattr(module, "RELEASE_BYTES", 2**22)
    reader, process = BoundedReader(mapped.transpose(0, 3, 1, 2)), psutil.Process()
    before = process.memory_info().shared
    for _ in reader.chunks(np.arange(len(mapped)), 64):
        assert process.memory_info().shared - before < 2**23
    for start in range(0, len(mapped), 64):  # without it, the whole file is resident
        mapped[start : start + 64].sum()
    assert process.memory_info().shared - before > 2**25


def test_pages_that_were_written_are_never_dropped(
    mapped: np.memmap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE_BYTES", 0)
    monkeypatch.setattr(module, "RELEASE_BYTES", 1)
    private = np.memmap(tmp_path / "images.bin", np.uint8, "c", shape=mapped.shape)
    private[:] = 1
    assert BoundedReader(private).read(slice(0, 2)).all()
    assert private.all()


def test_a_system_without_advice_reads_too(
    mapped: np.memmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE_BYTES", 0)
    monkeypatch.setattr(module, "RELEASE_BYTES", 1)
    monkeypatch.delattr(mmap, "MADV_DONTNEED")
    np.testing.assert_array_equal(BoundedReader(mapped).read(slice(0, 2)), mapped[:2])
