"""On-disk cache of prepared images, memory-mapped and checked when it is opened."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.files import flush_file, read_json, readable_size, replace_folder, write_text
from astroclf.integrity import hash_sample, sign, verify_signed
from astroclf.locks import locked

IMAGES, INDEX = "images.npy", "index.json"
FORMAT = 2  # of index.json; an entry of another format is rebuilt
HEADER_BYTES = 128  # of images.npy
CANNOT_RESERVE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)  # this file system has no such call

Notes = dict[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredImages:
    """images: (N, C, H, W), a read-only memory map; notes: what `build` returned."""

    images: np.ndarray
    notes: Notes


def cached_images(cache: Path, key: str, build: Callable[[Path], Notes]) -> StoredImages:
    """Return the images that are stored under a key, built first if they are missing.

    cache: the folder of all entries; it may be deleted at any time.
    key: changes with everything that the images depend on.
    build: writes `images.npy` into the empty folder it is given (see `new_images`), and returns notes
        about the images that JSON can represent.

    If several processes need one key at once, one builds it and the others wait. An entry is moved into
    place once it is complete and synced to disk. A damaged entry is rebuilt: the index has a checksum
    of itself and one of the images (`hash_sample`: of sampled blocks of large files, so that opening
    takes a bounded time).
    Raise UserError if an entry is unreadable or the cache cannot be written.
    """
    entry = cache / key
    stored = _open(entry)
    if stored is not None:
        return stored
    with entry_lock(cache, key), as_cache_error(cache):
        return _open(entry) or _build(entry, build)


@contextmanager
def entry_lock(cache: Path, key: str) -> Iterator[None]:
    """Hold the lock of a cache entry. Raise UserError if the cache cannot be written."""
    with ExitStack() as stack:
        with as_cache_error(cache):
            cache.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(cache / f"{key}.lock", f"for the cache entry {key}"))
        yield


@contextmanager
def as_cache_error(cache: Path) -> Iterator[None]:
    """Re-raise OSError as a UserError that names the cache folder."""
    try:
        yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename is not None else ""
        is_in_the_way = isinstance(error, NotADirectoryError | FileExistsError | IsADirectoryError)
        remedy = "Remove what is in the way, or choose" if is_in_the_way else "Choose"
        raise UserError(
            f"dataset.cache={cache} cannot be written ({place}{error.strerror or error}). "
            f"{remedy} another folder, on a disk with free space."
        ) from error


def unreadable_entry(entry: Path, error: OSError) -> UserError:
    """Return the UserError about a cache entry that is unreadable; such an entry is never deleted."""
    return UserError(
        f"dataset.cache={entry.parent}: {error.filename or entry} cannot be read "
        f"({error.strerror or error}). Check its permissions and its disk, or delete it: it will be rebuilt."
    )


def cached_dataset(cache: Path, key: str, make: Callable[[], ImageDataset]) -> ImageDataset:
    """Return a data set without files, made once; parameters and errors as in `cached_images`."""

    def build(draft: Path) -> Notes:
        dataset = make()
        new_images(draft, dataset.images.shape, dataset.images.dtype)[:] = dataset.images
        return {
            "targets": dataset.targets.tolist(),
            "ids": dataset.ids.tolist(),
            "classes": dataset.classes,
            "split": dataset.split.tolist(),
            "groups": None if dataset.groups is None else dataset.groups.tolist(),
            "vote_counts": None if dataset.vote_counts is None else dataset.vote_counts.tolist(),
            "pixels": asdict(dataset.pixels),
        }

    stored = cached_images(cache, key, build)
    notes = stored.notes
    votes = isinstance(notes["targets"][0], list)
    bands = tuple(notes["pixels"].pop("bands"))
    counts = notes.get("vote_counts")  # missing in entries of earlier versions
    return ImageDataset(
        images=stored.images,
        targets=np.array(notes["targets"], np.float32 if votes else np.int64),
        ids=np.array(notes["ids"], str),
        classes=tuple(notes["classes"]),
        split=np.array(notes["split"], str),
        pixels=Pixels(bands, **notes["pixels"]),
        groups=None if notes["groups"] is None else np.array(notes["groups"], str),
        vote_counts=None if counts is None else np.array(counts, np.float32),
    )


def new_images(folder: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.memmap:
    """Return a new `images.npy` of that shape, memory-mapped for writing.

    Its blocks on the disk are allocated first: writing to a map on a full disk ends the process with
    SIGBUS. Raise OSError if there is not enough space.
    """
    size = HEADER_BYTES + int(np.prod(shape)) * dtype.itemsize
    require_room(folder, size)
    images = np.lib.format.open_memmap(folder / IMAGES, mode="w+", dtype=dtype, shape=shape)
    _reserve(folder / IMAGES, size)
    return images


def require_room(folder: Path, size: int) -> None:
    """Raise OSError if the disk of the folder has fewer than `size` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(f"{readable_size(size)} are needed and {readable_size(free)} are free")


def _reserve(file: Path, size: int) -> None:
    if not hasattr(os, "posix_fallocate"):
        return
    with file.open("rb+") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, size)
        except OSError as error:
            if error.errno not in CANNOT_RESERVE:
                raise


def keep_images(folder: Path, kept: np.ndarray) -> None:
    """Rewrite `images.npy` with only the images at these positions, in their order."""
    every = folder / "every.npy"
    (folder / IMAGES).replace(every)
    images = np.load(every, mmap_mode="r")
    fewer = new_images(folder, (len(kept), *images.shape[1:]), images.dtype)
    for new, old in enumerate(kept):
        fewer[new] = images[old]
    every.unlink()


def _build(entry: Path, build: Callable[[Path], Notes]) -> StoredImages:
    draft = entry.with_name(f"{entry.name}.draft")
    if entry.exists():
        log.warning("The cache entry %s is damaged or of another version; rebuilding it.", entry)
        shutil.rmtree(entry)
    if draft.exists():  # of a process that was killed
        shutil.rmtree(draft)
    draft.mkdir()
    try:
        notes = build(draft)
        flush_file(draft / IMAGES)
        index = {"format": FORMAT, "images": hash_sample(draft / IMAGES), "notes": notes}
        write_text(draft / INDEX, json.dumps(sign(index)))
        replace_folder(draft, entry)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    stored = _open(entry)
    if stored is None:
        raise OSError(f"{entry} vanished while it was written")
    return stored


def _open(entry: Path) -> StoredImages | None:
    """Return the entry, or None if it is missing or damaged. Raise UserError if it is unreadable."""
    try:
        index = verify_signed(read_json(entry / INDEX))
        if index["format"] != FORMAT or index["images"] != hash_sample(entry / IMAGES):
            return None
        return StoredImages(np.load(entry / IMAGES, mmap_mode="r"), index["notes"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable_entry(entry, error) from error
    except (ValueError, KeyError):  # damaged
        return None
