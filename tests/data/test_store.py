from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.data.store import Notes, cached_dataset, cached_images, keep_images, new_images
from astroclf.errors import UserError

SHAPE = (5, 1, 4, 4)


class Builder:
    """Builder of an entry that counts its calls."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, draft: Path) -> Notes:
        self.count += 1
        new_images(draft, SHAPE, np.dtype(np.uint8))[:] = 7
        return {"answer": 42}


def test_entries_are_built_once_and_mapped(tmp_path: Path) -> None:
    build = Builder()
    for _ in range(2):
        stored = cached_images(tmp_path / "cache", "key", build)
        assert isinstance(stored.images, np.memmap)
        assert not stored.images.flags.writeable
        np.testing.assert_array_equal(stored.images, np.full(SHAPE, 7))
        assert stored.notes == {"answer": 42}
    assert build.count == 1
    cached_images(tmp_path / "cache", "another key", build)
    assert build.count == 2


def flip(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 0xFF
    file.write_bytes(content)


def alter_notes(entry: Path) -> None:
    index = json.loads((entry / "index.json").read_text())
    index["notes"]["answer"] = 43
    (entry / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "index.json").unlink(),
        lambda entry: (entry / "index.json").write_text('{"shape": [5, 1'),
        lambda entry: (entry / "index.json").write_text("[]"),
        lambda entry: (entry / "index.json").write_bytes(bytes(50)),
        alter_notes,
        lambda entry: (entry / "images.npy").unlink(),
        lambda entry: flip(entry / "images.npy", 20),
        lambda entry: flip(entry / "images.npy", 128),
        lambda entry: flip(entry / "images.npy", -1),
        lambda entry: os.truncate(entry / "images.npy", 150),
        lambda entry: os.truncate(entry / "images.npy", 0),
        lambda entry: np.save(entry / "images.npy", np.zeros((2, 1, 4, 4), np.uint8)),
        lambda entry: np.save(entry / "images.npy", np.zeros(SHAPE, np.uint8)),
        lambda entry: shutil.rmtree(entry),
        lambda entry: shutil.rmtree(entry.parent),
    ],
)
def test_a_damaged_entry_is_rebuilt(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    build = Builder()
    cache = tmp_path / "cache"
    cached_images(cache, "key", build)
    damage(cache / "key")
    stored = cached_images(cache, "key", build)
    np.testing.assert_array_equal(stored.images, np.full(SHAPE, 7))
    assert stored.notes == {"answer": 42}
    assert build.count == 2
    assert sorted(file.name for file in (cache / "key").iterdir()) == ["images.npy", "index.json"]


def test_entries_without_checksums_are_rebuilt(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    np.save(tmp_path / "key/images.npy", np.zeros(SHAPE, np.uint8))
    index = {"shape": SHAPE, "dtype": "uint8", "notes": {"answer": 41}}
    (tmp_path / "key/index.json").write_text(json.dumps(index))
    stored = cached_images(tmp_path, "key", Builder())
    assert (stored.notes, stored.images.max()) == ({"answer": 42}, 7)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O")])
@pytest.mark.parametrize("name", ["index.json", "images.npy"])
def test_unreadable_entries_are_refused_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, name: str
) -> None:
    build = Builder()
    cached_images(tmp_path, "key", build)
    open_path = Path.open

    def refuse(path: Path, *rest: Any, **options: Any) -> Any:
        if path.name == name:
            raise error
        return open_path(path, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(UserError, match=rf"key.* cannot be read \({error.strerror}\)\. Check"):
            cached_images(tmp_path, "key", build)
    cached_images(tmp_path, "key", build)
    assert build.count == 1


@pytest.mark.parametrize("name", ["key", "key.draft"])
def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("of the user")
    with pytest.raises(UserError, match=rf"{name}: Not a directory\)\. Remove what is in the way"):
        cached_images(tmp_path, "key", Builder())
    assert (tmp_path / name).read_text() == "of the user"


def test_drafts_of_a_killed_build_are_not_used(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from astroclf.data.store import cached_images, new_images\n"
        "def build(draft):\n"
        "    new_images(draft, (5, 1, 4, 4), np.dtype(np.uint8))[:2] = 7\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "cached_images(Path(sys.argv[1]), 'key', build)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("**/images.npy"))  # half of it was written
    build = Builder()
    np.testing.assert_array_equal(cached_images(tmp_path, "key", build).images, np.full(SHAPE, 7))
    assert build.count == 1
    assert len(list(tmp_path.glob("**/images.npy"))) == 1


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail(draft: Path) -> Notes:
        new_images(draft, SHAPE, np.dtype(np.uint8))
        raise UserError("no")

    with pytest.raises(UserError, match="no"):
        cached_images(tmp_path, "key", fail)
    assert not list(tmp_path.glob("**/images.npy"))


def test_one_of_several_processes_builds(tmp_path: Path) -> None:
    build, results = Builder(), []
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait()
        results.append(cached_images(tmp_path, "key", build).images.sum())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [7 * np.prod(SHAPE)] * 4
    assert build.count == 1


def test_a_cache_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"dataset\.cache=.*file/cache cannot be written"):
        cached_images(tmp_path / "file/cache", "key", Builder())
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 90, 10))
    with pytest.raises(UserError, match=r"\(208 bytes are needed and 10 bytes are free\)"):
        cached_images(tmp_path, "key", Builder())


def test_blocks_of_new_images_are_allocated_before_writing(tmp_path: Path) -> None:
    images = new_images(tmp_path, (1000, 1, 16, 16), np.dtype(np.uint8))
    status = (tmp_path / "images.npy").stat()
    assert status.st_size == 128 + images.nbytes
    assert status.st_blocks * 512 >= status.st_size


def test_keep_images_keeps_the_given_positions(tmp_path: Path) -> None:
    new_images(tmp_path, (6, 1, 2, 2), np.dtype(np.float32))[:] = np.arange(6).reshape(6, 1, 1, 1)
    keep_images(tmp_path, np.array([0, 2, 5]))
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy")[:, 0, 0, 0], [0, 2, 5])
    assert [file.name for file in tmp_path.iterdir()] == ["images.npy"]


@pytest.mark.parametrize("votes", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_cached_data_sets_are_read_back_unchanged(
    tmp_path: Path, votes: bool, grouped: bool
) -> None:
    rng = np.random.default_rng(0)
    dataset = ImageDataset(
        images=rng.normal(size=(4, 2, 3, 3)).astype(np.float32),
        targets=rng.random((4, 2), np.float32) if votes else np.array([0, 1, 1, 0]),
        ids=np.array(["a", "b", "c", "d"]),
        classes=("no", "yes"),
        split=np.array(["", "train", "val", ""]),
        pixels=Pixels(("g", "r"), 0.396, "linear"),
        groups=np.array(["f1", "f1", "f2", "f2"]) if grouped else None,
    )
    for make in (lambda: dataset, lambda: pytest.fail("made twice")):
        again = cached_dataset(tmp_path, "key", make)
        for name in ("images", "targets", "ids", "split", "groups"):
            np.testing.assert_array_equal(getattr(again, name), getattr(dataset, name))
        assert again.targets.dtype == dataset.targets.dtype
        assert (again.classes, again.pixels) == (dataset.classes, dataset.pixels)
        assert again.fingerprint == dataset.fingerprint
