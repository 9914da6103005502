from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from astroclf.data.formats import RGB
from astroclf.data.framing import Framing


@pytest.fixture
def framing() -> Framing:
    """Return the framing of color images of 8 px."""
    return Framing(RGB, "8-bit", "asinh", crop_px=None, image_px=8)


@pytest.fixture
def pictures() -> np.ndarray:
    """Return six color images, (6, 8, 8, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path, pictures: np.ndarray) -> Path:
    """Return a folder with a.png, b/a.png, b/c.png, d.png, e.fits.png and z.png, and other files."""
    root = tmp_path / "images"
    names = ("a.png", "b/a.png", "b/c.png", "d.png", "e.fits.png", "z.png")
    for name, picture in zip(names, pictures, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / name)
    (root / "notes.txt").write_text("no image")
    (root / ".hidden.png").write_text("no image")
    return root


@pytest.fixture
def band_framing() -> Framing:
    """Return the framing of files with one band each, of which u may be missing."""
    return Framing(
        ("r", "u", "g"), "float", "linear", crop_px=None, image_px=8, missing_band="mask",
        pattern="s-{band}-{id}.fits", image_columns=("file_r", "file_u", "file_g"),
    )  # fmt: skip
