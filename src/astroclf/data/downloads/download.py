"""Download of files over HTTP, with retries, resumption and verification."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from astroclf.data.downloads.manifest import Manifest
from astroclf.data.downloads.request import Refused, Unfinished, fetch
from astroclf.data.downloads.verify import damage_of
from astroclf.errors import UserError
from astroclf.files import flush_file
from astroclf.status import status

PART = ".part"  # ends the name of a file that is not complete
LONGEST_WAIT_S = 300.0


@dataclass(frozen=True)
class RemoteFile:
    """A file of an archive. path: its place below the folder of the data set."""

    url: str
    path: Path


@dataclass(frozen=True)
class DownloadOptions:
    """Options of downloads, as the keys of `prepare` of the same names."""

    parallel: int = 2
    retries: int = 6
    timeout_s: float = 60.0
    backoff_s: float = 2.0


def download_files(root: Path, files: Sequence[RemoteFile], options: DownloadOptions) -> None:
    """Download files to their places below a folder, and record their checksums in its manifest.

    Each is written to `<name>.part`, resumed there, verified, and then moved into place.

    Raise UserError for a file that the server does not have or does not give, and for one that failed
    more than `retries` times; files that are complete by then are kept.
    """
    manifest, stop = Manifest(root), threading.Event()

    def fetch_one(file: RemoteFile) -> None:
        if stop.is_set():
            return
        try:
            _download(root / file.path, file.url, options, stop)
            manifest.add(file.path)
        except BaseException:
            stop.set()  # the others would fail alike
            raise
        shown.update()

    with (
        status("downloading", len(files), unit="file") as shown,
        ThreadPoolExecutor(options.parallel) as pool,
    ):
        list(pool.map(fetch_one, files))


def _download(path: Path, url: str, options: DownloadOptions, stop: threading.Event) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    failure = ""
    for attempt in range(options.retries + 1):
        try:
            fetch(url, part, options.timeout_s)
        except Refused as refused:
            raise UserError(f"{url}: {refused}. {_by_hand(path)}") from refused
        except Unfinished as unfinished:
            failure, stated_s = str(unfinished), unfinished.wait_s
        else:
            found = damage_of(part, path.name)
            if found is None:
                flush_file(part)
                part.replace(path)
                return
            part.unlink()  # resuming would keep the damage
            failure, stated_s = found, None
        if attempt < options.retries:
            stop.wait(_wait_s(attempt, options.backoff_s, stated_s))
            if stop.is_set():
                return
    raise UserError(
        f"{url}: {failure}, in {options.retries + 1} attempts. Run the command again later; it continues from what is there. "
        f"{_by_hand(path)}"
    )


def _by_hand(path: Path) -> str:
    return f"A file that you have from elsewhere belongs to {path}."


def _wait_s(attempt: int, backoff_s: float, stated_s: float | None) -> float:
    """Return the wait before the next attempt: that of the server, or doubled each time, with jitter."""
    if stated_s is not None:
        return min(stated_s, LONGEST_WAIT_S)
    return min(backoff_s * 2**attempt, LONGEST_WAIT_S) * random.uniform(0.75, 1.25)
