"""Fixtures of the tests of sources: settings from conf/, and image files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.settings import sections
from fixtures.composition import compose_config

SECTIONS = {
    "image_folder": sections.ImageFolder,
    "catalog": sections.Catalog,
    "cutouts": sections.Cutouts,
    "galaxy_zoo": sections.GalaxyZoo,
    "simulated": sections.Simulated,
}
REQUIRED = {
    "image_folder": {"root": "images"},
    "catalog": {"table": "table.csv"},
    "galaxy_zoo": {"root": "images"},
}


@pytest.fixture
def source_settings(tmp_path: Path) -> Callable[..., Any]:
    """source_settings("catalog", table=...): the defaults of conf/, with the cache in tmp_path."""

    def build(name: str, **values: Any) -> sections.Dataset:
        defaults = compose_config(f"dataset={name}")["dataset"]
        stated = {**defaults, **REQUIRED.get(name, {}), "cache": str(tmp_path / "cache"), **values}
        return SECTIONS[name].model_validate(stated)

    return build


@pytest.fixture
def write_image() -> Callable[..., np.ndarray]:
    """write_image(file, seed, px=8, channels=3): writes noise, makes the folders, returns (H, W[, 3])."""

    def write(file: Path, seed: int = 0, px: int = 8, channels: int = 3) -> np.ndarray:
        shape = (px, px) if channels == 1 else (px, px, channels)
        values = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(file)
        return values

    return write


@pytest.fixture
def write_tiff() -> Callable[..., None]:
    """write_tiff(file, values, extra_samples=()): an uncompressed TIFF of (H, W[, bands]) values.

    extra_samples: one code for each band beyond gray or RGB; 1 and 2 are alpha.
    """

    def write(file: Path, values: np.ndarray, extra_samples: tuple[int, ...] = ()) -> None:
        height_px, width_px = values.shape[:2]
        bands = 1 if values.ndim == 2 else values.shape[2]
        extra_samples = extra_samples[: bands - (3 if bands >= 3 else 1)]
        data = values.tobytes()
        shorts = {
            256: [width_px],
            257: [height_px],
            258: [8 * values.dtype.itemsize] * bands,
            259: [1],  # no compression
            262: [2 if bands >= 3 else 1],
            277: [bands],
            278: [height_px],
            338: list(extra_samples),
            339: [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * bands,
        }
        entries = {tag: ("H", numbers) for tag, numbers in shorts.items() if numbers}
        entries |= {279: ("I", [len(data)]), 273: ("I", [0])}
        body_start = 8 + 2 + 12 * len(entries) + 4
        tables = b"".join(
            struct.pack(f"<{len(n)}{t}", *n)
            for t, n in map(entries.get, sorted(entries))
            if len(n) > 2
        )  # type: ignore[misc]
        entries[273] = ("I", [body_start + len(tables)])
        directory, position = struct.pack("<H", len(entries)), body_start
        for tag in sorted(entries):
            kind, numbers = entries[tag]
            packed = struct.pack(f"<{len(numbers)}{kind}", *numbers)
            directory += struct.pack("<HHI", tag, 3 if kind == "H" else 4, len(numbers))
            if len(packed) > 4:
                directory += struct.pack("<I", position)
                position += len(packed)
            else:
                directory += packed.ljust(4, b"\0")
        file.write_bytes(struct.pack("<2sHI", b"II", 42, 8) + directory + bytes(4) + tables + data)

    return write
