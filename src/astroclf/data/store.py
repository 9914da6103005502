"""Images are made ready once, and memory-mapped from then on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from astroclf.data.dataset import ImageDataset, Pixels
from astroclf.errors import UserError

IMAGES, INDEX = "images.npy", "index.json"

Notes = dict[str, Any]


@dataclass(frozen=True)
class StoredImages:
    """images: (N, C, H, W), a read-only memory map; notes: what `build` said of them."""

    images: np.ndarray
    notes: Notes


def cached_images(cache: Path, key: str, build: Callable[[Path], Notes]) -> StoredImages:
    """The images that are stored under a key, built first where they are not.

    cache: the folder of all keys; it may be deleted at any time.
    key: changes with everything that the images depend on.
    build: writes `images.npy` into the empty folder it is given (see `new_images`), and returns
        what else must be known of them, as JSON can hold it.

    Of several processes that ask for one key at once, one builds and the others wait. An entry gets
    its place only when it is whole, and one that was damaged since is built again.
    Raises UserError where the cache cannot be written.
    """
    entry = cache / key
    stored = _open(entry)
    if stored is not None:
        return stored
    with locked(cache, key), as_cache_error(cache):
        return _open(entry) or _built(entry, build)


@contextmanager
def locked(cache: Path, key: str) -> Iterator[None]:
    """Nobody else writes what is stored under the key. Raises UserError if nobody can."""
    with as_cache_error(cache):
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / f"{key}.lock")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def as_cache_error(cache: Path) -> Iterator[None]:
    """Whatever the disk minds is told as a UserError about the cache."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"dataset.cache={cache} cannot be written ({error.strerror or error}): "
            "choose another folder, on a disk with room."
        ) from error


def cached_dataset(cache: Path, key: str, make: Callable[[], ImageDataset]) -> ImageDataset:
    """A dataset that needs no files, made once; parameters and errors as in `cached_images`."""

    def build(draft: Path) -> Notes:
        dataset = make()
        new_images(draft, dataset.images.shape, dataset.images.dtype)[:] = dataset.images
        return {
            "targets": dataset.targets.tolist(),
            "ids": dataset.ids.tolist(),
            "classes": dataset.classes,
            "split": dataset.split.tolist(),
            "groups": None if dataset.groups is None else dataset.groups.tolist(),
            "pixels": asdict(dataset.pixels),
        }

    stored = cached_images(cache, key, build)
    notes = stored.notes
    votes = isinstance(notes["targets"][0], list)
    bands = tuple(notes["pixels"].pop("bands"))
    return ImageDataset(
        images=stored.images,
        targets=np.array(notes["targets"], np.float32 if votes else np.int64),
        ids=np.array(notes["ids"], str),
        classes=tuple(notes["classes"]),
        split=np.array(notes["split"], str),
        pixels=Pixels(bands, **notes["pixels"]),
        groups=None if notes["groups"] is None else np.array(notes["groups"], str),
    )


def new_images(folder: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.memmap:
    """An `images.npy` of that shape, memory-mapped, to be filled.

    Raises OSError if the disk has no room for it: writing to the map would end the process.
    """
    require_room(folder, int(np.prod(shape)) * dtype.itemsize)
    return np.lib.format.open_memmap(folder / IMAGES, mode="w+", dtype=dtype, shape=shape)


def require_room(folder: Path, size: int) -> None:
    """Raises OSError if the disk of the folder has fewer bytes free."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(f"{size / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free")


def keep_images(folder: Path, kept: np.ndarray) -> None:
    """Leaves only those positions of `images.npy` that are kept, in their order."""
    every = folder / "every.npy"
    (folder / IMAGES).replace(every)
    images = np.load(every, mmap_mode="r")
    fewer = new_images(folder, (len(kept), *images.shape[1:]), images.dtype)
    for new, old in enumerate(kept):
        fewer[new] = images[old]
    every.unlink()


def _built(entry: Path, build: Callable[[Path], Notes]) -> StoredImages:
    draft = entry.with_name(f"{entry.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
    shutil.rmtree(entry, ignore_errors=True)  # damaged, or it would have been opened
    draft.mkdir()
    try:
        notes = build(draft)
        images = np.load(draft / IMAGES, mmap_mode="r")
        index = {"shape": images.shape, "dtype": str(images.dtype), "notes": notes}
        (draft / INDEX).write_text(json.dumps(index))
        draft.replace(entry)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    stored = _open(entry)
    if stored is None:
        raise OSError(f"{entry} vanished while it was written")
    return stored


def _open(entry: Path) -> StoredImages | None:
    """The entry, or None if it is not there or not whole."""
    try:
        index = json.loads((entry / INDEX).read_text())
        images = np.load(entry / IMAGES, mmap_mode="r")
        whole = list(images.shape) == index["shape"] and str(images.dtype) == index["dtype"]
        return StoredImages(images, index["notes"]) if whole else None
    except (OSError, ValueError, EOFError, KeyError, TypeError):
        return None
