"""Damaged files: every mutation of an image or a table is read, or refused with a short reason."""

from __future__ import annotations

import io
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.data.formats import BadImage, Header, decode, read_header
from astroclf.data.framing import Framing
from astroclf.errors import UserError
from astroclf.tables import read_table

IMAGES_PER_KIND, TABLES = 160, 2000
LONGEST_S, MOST_MEMORY_KB = 10.0, 900_000

SAVED: dict[str, tuple[str, str, dict[str, Any]]] = {  # kind -> mode, format, options
    "jpeg": ("RGB", "JPEG", {}),
    "progressive jpeg": ("L", "JPEG", {"progressive": True}),
    "cmyk jpeg": ("CMYK", "JPEG", {}),
    "png": ("RGB", "PNG", {}),
    "palette png": ("P", "PNG", {}),
    "deep png": ("I;16", "PNG", {}),
    "tiff": ("RGB", "TIFF", {}),
    "deflate tiff": ("L", "TIFF", {"compression": "tiff_adobe_deflate"}),
    "deep tiff": ("I;16", "TIFF", {"compression": "tiff_lzw"}),
    "alpha tiff": ("LA", "TIFF", {}),
    "gif": ("P", "GIF", {}),
    "webp": ("RGB", "WEBP", {}),
    "lossless webp": ("RGBA", "WEBP", {"lossless": True}),
    "bmp": ("RGB", "BMP", {}),
}


def whole_file(kind: str) -> bytes:
    mode, format_name, options = SAVED[kind]
    noise = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    exif = image.getexif()
    exif[0x0112] = 6
    if format_name in ("JPEG", "PNG", "TIFF", "WEBP"):
        options = {**options, "exif": exif}
    stream = io.BytesIO()
    image.save(stream, format_name, **options)
    return stream.getvalue()


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the content with bytes changed, removed, zeroed or repeated in one to four places."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        # Half of the changes are near the start, in the headers.
        reach = len(data) if rng.random() < 0.5 else min(len(data), 120)
        start = int(rng.integers(0, max(reach, 1)))
        length = int(rng.integers(1, 40))
        change = rng.integers(0, 6)
        if change == 0:
            del data[start:]
        elif change == 1:
            data[start : start + length] = bytes(len(data[start : start + length]))
        elif change == 2:
            data[start : start + length] = rng.bytes(length)
        elif change == 3:
            data[start:start] = data[start : start + length]
        elif change == 4:
            del data[start : start + length]
        elif data:
            data[min(start, len(data) - 1)] ^= 1 << int(rng.integers(0, 8))
    return bytes(data)


@pytest.fixture
def limits() -> Iterator[Callable[[Callable[[], object]], None]]:
    """limits(action): run the action; fail if it hangs, or if memory has grown too much in the end."""
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def run(action: Callable[[], object]) -> None:
        start = time.monotonic()
        action()
        assert time.monotonic() - start < LONGEST_S

    yield run
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < MOST_MEMORY_KB


def or_reason(read: Callable[[Path], Any], file: Path) -> Any:
    try:
        return read(file)
    except BadImage as bad:
        reason = str(bad)
    assert 0 < len(reason) < 200
    return None


@pytest.mark.slow
@pytest.mark.parametrize("kind", SAVED)
def test_damaged_images_match_their_header_or_are_refused(
    tmp_path: Path, kind: str, limits: Callable[[Callable[[], object]], None]
) -> None:
    content = whole_file(kind)
    file = tmp_path / "a.img"
    rng = np.random.default_rng(1)
    read = 0

    def check() -> None:
        nonlocal read
        header: Header | None = or_reason(read_header, file)
        result: tuple[Header, np.ndarray] | None = or_reason(decode, file)
        if result is None:
            return
        assert header is not None
        picture = result[1]
        assert result[0] == header
        assert picture.shape == (header.channels, header.height_px, header.width_px)
        assert picture.dtype == (np.uint8 if header.depth == "8-bit" else np.float32)
        framing = Framing(header.bands, header.depth, "linear", crop_px=None, image_px=8)
        assert framing.fit(picture).shape == (header.channels, 8, 8)
        read += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about damage
        for _ in range(IMAGES_PER_KIND):
            file.write_bytes(mutated(content, rng))
            limits(check)
    assert read < IMAGES_PER_KIND
    assert read > 0 or "png" in kind  # PNG has checksums


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_damaged_tables_have_equal_columns_or_are_refused(
    tmp_path: Path,
    delimiter: str,
    encoding: str,
    limits: Callable[[Callable[[], object]], None],
) -> None:
    rows = [
        ["file", "class", "ra"],
        *([f"{i}.jpg", '"a ""b"""', f"{i / 7:.4f}"] for i in range(30)),
    ]
    content = "\n".join(delimiter.join(row) for row in rows).encode(encoding)
    file = tmp_path / "t.csv"
    rng = np.random.default_rng(2)
    read = 0

    def check() -> None:
        nonlocal read
        sentence = "read"
        try:
            wanted = [("dataset.label_column", "class"), ("dataset.ra_column", "ra")]
            table = read_table("dataset.table", file, wanted)
            read += 1
            assert len(table.text("class")) == len(table) == len(table.text("ra"))
            assert table.numbers("ra").shape == (len(table),)
            table.filled("class")
        except UserError as refusal:
            sentence = str(refusal)
        assert 0 < len(sentence) < 1000

    for _ in range(TABLES // 4):
        file.write_bytes(mutated(content, rng))
        limits(check)
    assert 0 < read < TABLES // 4
