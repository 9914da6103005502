"""Cache of near-duplicates on disk: the images of a data set are searched once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from astroclf.data.duplicates.pictures import Pictures, find_none
from astroclf.data.duplicates.similar import find_similar
from astroclf.data.picture_hashes import PictureHashes
from astroclf.data.store import as_cache_error, entry_lock, unreadable_entry
from astroclf.files import read_json, write_text
from astroclf.integrity import hash_bytes, sign, verify_signed

VERSION = 1  # raised whenever the same images give other pairs than before


def cached_pictures(hashes: PictureHashes, cache: Path, *, near_duplicates: bool) -> Pictures:
    """Return the pictures of images with these hashes, with near-duplicates from the cache or searched.

    cache: the folder of all entries; it may be deleted at any time. near_duplicates: False for
    identical images alone.

    Raise UserError if the cache cannot be read or written.
    """
    if not near_duplicates:
        return Pictures(hashes, find_none)

    def search(images: np.ndarray, kept: np.ndarray) -> np.ndarray:
        key = f"similar-{VERSION}-{hash_bytes(*hashes.values)}"
        return _cached_pairs(cache, key, partial(find_similar, images, kept))

    return Pictures(hashes, search)


def _cached_pairs(cache: Path, key: str, search: Callable[[], np.ndarray]) -> np.ndarray:
    """Return (P, 2) int64; several processes that need them at once search once."""
    file = cache / f"{key}.json"
    found = _read(file)
    if found is not None:
        return found
    with entry_lock(cache, key), as_cache_error(cache):
        found = _read(file)
        if found is None:
            found = search()
            write_text(file, json.dumps(sign({"pairs": found.tolist()})))
    return found


def _read(file: Path) -> np.ndarray | None:
    """Return the pairs of a file; None if it is missing or damaged."""
    try:
        pairs = verify_signed(read_json(file))["pairs"]
        return np.array(pairs, np.int64).reshape(-1, 2)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable_entry(file, error) from error
    except (ValueError, KeyError):
        return None
