from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from astroclf.data import archives
from astroclf.data.framing import Framing
from astroclf.data.inputs.archive import ArchiveInput
from astroclf.errors import UserError
from fixtures.band_files import write_bands


@pytest.fixture
def packed(folder: Path) -> Path:
    file = folder.parent / "images.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as stream:
        for path in sorted(folder.rglob("*.*"), reverse=True):
            stream.write(path, path.relative_to(folder))
        stream.writestr("__MACOSX/a.png", b"leftover")
    return file


def test_members_are_read_in_the_order_of_their_names(
    packed: Path, framing: Framing, pictures: np.ndarray
) -> None:
    images = ArchiveInput("", packed, framing, 1e9)
    assert [images.row(position).path for position in range(len(images))] == [
        *("a.png", "b/a.png", "b/c.png", "d.png", "e.fits.png", "z.png"),
    ]
    np.testing.assert_array_equal(images.read(0, 6).images, pictures.transpose(0, 3, 1, 2))
    assert images.left_out == {".txt, not a supported format": 1}
    assert images.fingerprint() == ArchiveInput("", packed, framing, 1e9).fingerprint()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../a.png", "a path outside of it"),
        ("b/../../a.png", "a path outside of it"),
        ("/a.png", "a path outside of it"),
        ("C:\\a.png", "a path outside of it"),
        ("..\\a.png", "a path outside of it"),
    ],
)
def test_paths_out_of_the_archive_are_refused(
    tmp_path: Path, framing: Framing, name: str, fault: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        stream.writestr(name, b"")
    with pytest.raises(UserError, match=fault):
        ArchiveInput("predict.input=a.zip", tmp_path / "a.zip", framing, 1e9)


def test_links_are_refused(tmp_path: Path, framing: Framing) -> None:
    link = zipfile.ZipInfo("a.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        stream.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match=r"holds a link, a\.png"):
        ArchiveInput("predict.input=a.zip", tmp_path / "a.zip", framing, 1e9)


def test_encrypted_members_are_refused(packed: Path, framing: Framing) -> None:
    content = bytearray(packed.read_bytes())
    place = content.rfind(b"PK\x01\x02")
    content[place + 8] |= 1  # flags in the directory of the archive
    packed.write_bytes(content)
    with pytest.raises(UserError, match="an encrypted member"):
        ArchiveInput("", packed, framing, 1e9)


def test_too_large_archives_are_refused_and_too_large_members_have_a_reason(
    packed: Path, framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"over predict\.max_gigabytes=1e-06"):
        ArchiveInput("", packed, framing, 1000)
    monkeypatch.setattr(archives, "MEMBER_BYTES", 10)
    assert (
        "over the limit of 10 bytes" in ArchiveInput("", packed, framing, 1e9).read(0, 1).reasons[0]
    )


def test_a_member_whose_stated_size_is_false_has_a_reason(packed: Path, framing: Framing) -> None:
    content = bytearray(packed.read_bytes())
    place = content.rfind(b"PK\x01\x02", 0, content.rfind(b"a.png", 0, content.rfind(b"__MACOSX")))
    content[place + 24 : place + 28] = (3).to_bytes(4, "little")
    packed.write_bytes(content)
    images = ArchiveInput("", packed, framing, 1e9)
    reasons = images.read(0, len(images)).reasons
    assert sum(reason == "a damaged member of the archive" for reason in reasons) == 1


@pytest.mark.parametrize("size", [0, 100, 300])
def test_a_file_that_is_no_archive_is_refused(packed: Path, framing: Framing, size: int) -> None:
    packed.write_bytes(packed.read_bytes()[:size])
    with pytest.raises(UserError, match="truncated, damaged or no zip archive"):
        ArchiveInput("", packed, framing, 1e9)


def test_members_with_one_band_each_are_rows_by_their_pattern(
    tmp_path: Path, band_framing: Framing
) -> None:
    flux = write_bands(tmp_path, "1", ("u", "g", "r"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for band in "rug":
            archive.write(tmp_path / f"s-{band}-1.fits", f"x/s-{band}-1.fits")
    images = ArchiveInput("t", tmp_path / "a.zip", band_framing, 1e9)
    assert [images.row(0).id, images.row(0).path] == ["1", "x/s-{band}-1.fits"]
    np.testing.assert_array_equal(images.prepare(0).image, flux[[2, 0, 1]])
