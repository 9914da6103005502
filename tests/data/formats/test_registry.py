from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from astroclf.data import formats
from astroclf.data.formats import BadImage, Header, decode, read_header
from astroclf.data.formats.registry import format_of, stem_of, suffix_reason, suffixes
from astroclf.data.formats.registry import formats as registered
from astroclf.data.framing import Framing

UGRIZ = ("u", "g", "r", "i", "z")
# A format in one module: five bands of float32 after a signature, rows from bottom to top.
FIVE_BANDS = """
import numpy as np

from astroclf.data.formats.format import Format, Header

SIDE = 8


def read_header(stream, max_megapixels, hdu):
    return Header(SIDE, SIDE, ("u", "g", "r", "i", "z"), "float", orientation=4)


def decode(stream, max_megapixels, hdu):
    values = np.frombuffer(stream.read()[4:], np.float32).reshape(5, SIDE, SIDE)
    return read_header(stream, max_megapixels, hdu), values * (hdu or 1)


FORMAT = Format("FIVE", (".five",), lambda start: start.startswith(b"FIVE"), read_header, decode)
"""


@pytest.fixture
def five_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of a format that one new module in the package adds."""
    (tmp_path / "five.py").write_text(FIVE_BANDS)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    registered.cache_clear()
    values = np.arange(-100, 220, dtype=np.float32)
    (tmp_path / "a.five").write_bytes(b"FIVE" + values.tobytes())
    yield tmp_path / "a.five"
    registered.cache_clear()
    sys.modules.pop(f"{formats.__name__}.five", None)


def test_one_module_adds_a_format_of_any_bands_and_depth(five_bands: Path) -> None:
    assert ".five" in suffixes()
    assert suffix_reason("A.FIVE") is None
    assert read_header(five_bands) == Header(8, 8, UGRIZ, "float", orientation=4)
    values = np.arange(-100, 220, dtype=np.float32).reshape(5, 8, 8)[:, ::-1]
    np.testing.assert_array_equal(decode(five_bands)[1], values)

    framing = Framing(UGRIZ, "float", "linear", crop_px=None, image_px=4, hdu=2)
    image = framing.read(five_bands)
    assert (image.shape, image.dtype) == ((5, 4, 4), np.float32)
    blocks = 2 * values.reshape(5, 4, 2, 4, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(image, blocks, rtol=1e-5)  # negative flux is kept


def test_files_are_found_by_first_bytes_and_by_suffix() -> None:
    assert format_of(b"\xff\xd8\xff\xe0").title == format_of(b"BM").title
    with pytest.raises(BadImage, match="not a JPEG, PNG, TIFF, WebP, BMP, GIF or FITS image"):
        format_of(b"no picture")
    assert suffix_reason("folder.v2/A.JPG") is None
    assert suffix_reason("a.FITS.gz") is None
    assert suffix_reason("a.txt") == ".txt, not a supported format"


def test_a_stem_lacks_the_whole_suffix_of_its_format() -> None:
    assert [stem_of(name) for name in ("a/b.fits.GZ", "b.c.png", "d.fits.fz", "e.x", "f")] == [
        *("b", "b.c", "d", "e", "f"),
    ]
