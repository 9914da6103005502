"""Tests of astroclf.data.downloads.download, against a server that fails in every way."""

from __future__ import annotations

import bz2
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.downloads import MANIFEST, DownloadOptions, RemoteFile, download_files
from astroclf.errors import UserError
from fixtures.archive_server import (
    Answer,
    Archive,
    drop_after,
    ignore_range,
    refuse,
    replace_by,
    serve_archive,
)

NAME = "frames/a.fits.bz2"
OPTIONS = DownloadOptions(parallel=2, retries=3, timeout_s=5, backoff_s=0.01)


def fits_bytes(seed: int = 0) -> bytes:
    from io import BytesIO

    from astropy.io import fits

    stream = BytesIO()
    noise = np.random.default_rng(seed).normal(size=(40, 40)).astype(np.float32)
    fits.PrimaryHDU(noise).writeto(stream)
    return stream.getvalue()


CONTENT = bz2.compress(fits_bytes())


def download(archive: Archive, root: Path, names: Sequence[str] = (NAME,)) -> None:
    with serve_archive(archive) as address:
        files = [RemoteFile(f"{address}/{name}", Path(name)) for name in names]
        download_files(root, files, OPTIONS)


@pytest.mark.parametrize(
    ("faults", "ranges"),
    [
        ([], [None]),
        ([drop_after(300)], [None, "bytes=300-"]),
        ([drop_after(300), drop_after(200)], [None, "bytes=300-", "bytes=500-"]),
        ([drop_after(300), ignore_range], [None, "bytes=300-"]),
        ([refuse(503), refuse(429, wait_s="0")], [None, None, None]),
        ([replace_by(b"<html>Please log in</html>")], [None, None]),
        ([replace_by(CONTENT[:-20])], [None, None]),
    ],
    ids=["whole", "dropped", "dropped twice", "no ranges", "refused", "another page", "truncated"],
)
def test_files_arrive_whole(tmp_path: Path, faults: list[Answer], ranges: list[str | None]) -> None:
    archive = Archive({NAME: CONTENT}, {NAME: faults})
    download(archive, tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert [requested for _, requested in archive.requests] == ranges
    assert (tmp_path / MANIFEST).read_text() == f"{hashlib.sha256(CONTENT).hexdigest()}  {NAME}\n"
    assert not list(tmp_path.rglob("*.part"))


def test_an_interrupted_download_is_resumed_by_the_next_command(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:700])
    archive = Archive({NAME: CONTENT})
    download(archive, tmp_path)
    assert archive.requests == [(NAME, "bytes=700-")]
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_part_of_another_file_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * (len(CONTENT) + 5))
    archive = Archive({NAME: CONTENT})
    download(archive, tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("faults", "message", "n_requests"),
    [
        ([refuse(403)], "the server answered 403.*belongs to", 1),
        ([refuse(500)] * 9, "the server answered 500.*in 4 attempts.*continues", 4),
        ([drop_after(0)] * 9, "ended after 0 of .* bytes, in 4 attempts", 4),
    ],
)
def test_a_server_that_never_gives_the_file_is_named(
    tmp_path: Path, faults: list[Answer], message: str, n_requests: int
) -> None:
    archive = Archive({NAME: CONTENT}, {NAME: faults})
    with pytest.raises(UserError, match=message):
        download(archive, tmp_path)
    assert len(archive.requests) == n_requests
    assert not (tmp_path / NAME).exists()


def test_a_missing_file_ends_the_downloads_and_keeps_what_is_complete(tmp_path: Path) -> None:
    archive = Archive({NAME: CONTENT})
    with pytest.raises(UserError, match="404"):
        download(archive, tmp_path, (NAME, "frames/absent.fits"))
    download(archive, tmp_path, ())


def test_few_files_are_requested_at_a_time_and_each_once(tmp_path: Path) -> None:
    names = [f"frames/{number}.fits" for number in range(9)]
    archive = Archive({name: fits_bytes(number) for number, name in enumerate(names)})
    download(archive, tmp_path, names)
    assert archive.most_active <= 2
    assert archive.count() == dict.fromkeys(names, 1)
    assert len((tmp_path / MANIFEST).read_text().splitlines()) == 9


def test_only_http_is_requested(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not an address of http"):
        download_files(tmp_path, [RemoteFile(f"file://{tmp_path}/x", Path("x"))], OPTIONS)
