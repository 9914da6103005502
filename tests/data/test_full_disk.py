"""A cache on a full disk: refused in one sentence, without an entry that counts as complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SIZE = 2 << 20  # of `small_disk`, in bytes
STORE = """
import sys
from pathlib import Path
import numpy as np
from astroclf.data.store import cached_images, new_images
from astroclf.errors import UserError
cache, n, fill = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
def build(draft):
    images = new_images(draft, (n, 1, 16, 16), np.dtype(np.uint8))
    try:
        (cache / "another program").write_bytes(bytes(fill))
    except OSError:
        pass
    images[:] = 7
    return {"labels": list(range(n))}
try:
    print(cached_images(cache, "key", build).images.sum())
except UserError as error:
    print(error)
"""
FEATURES = """
import sys
from pathlib import Path
import numpy as np
from astroclf.errors import UserError
from astroclf.inference.feature_cache import FeatureStore
cache, n, fill = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
def compute(view, positions):
    yield np.ones((n, 64), np.float32)
    try:
        (cache / "another program").write_bytes(bytes(fill))
    except OSError:
        pass
    yield np.ones((n, 64), np.float32)
wanted = np.zeros((8, 2 * n), bool)
wanted[0] = True
store = FeatureStore(cache, "key", 2 * n)
try:
    store.fill(wanted, compute)
    print(int(store.read()[0].sum()))
except UserError as error:
    print(error, "missing:", store.missing(wanted).sum())
"""


def run(script: str, cache: Path, n: int, fill: int) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", script, str(cache), str(n), str(fill)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_images_are_refused_if_the_disk_is_too_small(small_disk: Path) -> None:
    whole = SIZE // 256  # images, whose header no longer fits
    assert "are needed and" in run(STORE, small_disk, whole, 0)
    assert "No space left on device" in run(STORE, small_disk, whole - 50, 0)  # nor the index
    assert not list(small_disk.glob("**/images.npy"))
    assert run(STORE, small_disk, 100, 0) == f"{100 * 256 * 7}\n"


def test_a_disk_that_fills_up_during_writing_of_images_is_refused(small_disk: Path) -> None:
    """Writing to a memory map on a full disk would end the process with SIGBUS."""
    said = run(STORE, small_disk, 4000, 10 * SIZE)
    assert "cannot be written" in said or said == f"{4000 * 256 * 7}\n"
    (small_disk / "another program").unlink()
    assert run(STORE, small_disk, 4000, 0) == f"{4000 * 256 * 7}\n"


@pytest.mark.slow  # imports torch twice
def test_a_disk_that_fills_up_during_writing_of_features_is_refused(small_disk: Path) -> None:
    said = run(FEATURES, small_disk, 2000, 10 * SIZE)
    assert "cannot be written" in said
    assert "missing: 4000" in said
    (small_disk / "another program").unlink()
    assert run(FEATURES, small_disk, 2000, 0) == f"{4000 * 64}\n"
