"""Tests of astroclf.data.downloads.manifest."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from astroclf.data.downloads import RemoteFile, damaged_files, missing_files
from astroclf.data.downloads.manifest import MANIFEST, Manifest

FILES = [RemoteFile(f"http://archive/{name}", Path(name)) for name in ("a/one", "two", "three")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    manifest = Manifest(tmp_path)
    manifest.add(Path("a/one"))
    manifest.add(Path("two"))
    return tmp_path


def test_missing_and_damaged_files_are_found(root: Path) -> None:
    assert (missing_files(root, FILES), damaged_files(root, FILES)) == ([FILES[2]], [])
    (root / "two").write_bytes(b"changed")
    assert (missing_files(root, FILES), damaged_files(root, FILES)) == ([FILES[2]], [FILES[1]])


def test_files_without_a_recorded_checksum_are_kept(root: Path) -> None:
    (root / MANIFEST).unlink()
    assert (missing_files(root, FILES), damaged_files(root, FILES)) == ([FILES[2]], [])


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_sha256sum_reads_the_manifest(root: Path) -> None:
    command = ["sha256sum", "--check", "--status", MANIFEST]
    assert subprocess.run(command, cwd=root, check=False).returncode == 0
    (root / "two").write_bytes(b"changed")
    assert subprocess.run(command, cwd=root, check=False).returncode == 1
