from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from astroclf.data.archives import ArchivedFile, files_of, open_archive
from astroclf.errors import UserError


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for name in ("folder/1.png", "__MACOSX/1.png", ".hidden/2.png"):
            packed.writestr(name, b"pixels")
    return open_archive("dataset.root=a.zip", tmp_path / "a.zip")


def test_members_are_read_as_files(archive: zipfile.ZipFile) -> None:
    (member,) = files_of(archive)
    file = ArchivedFile(archive, member)
    assert file.name == "1.png"
    assert file.read_bytes() == file.open("rb").read() == b"pixels"
    assert stat.S_ISREG(file.stat().st_mode)
    assert file.stat().st_size == 6
    assert not file.is_symlink()


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"dataset\.root=a\.zip cannot be read .*Give a whole zip"):
        open_archive("dataset.root=a.zip", tmp_path / "a.zip")
