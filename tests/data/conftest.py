"""What tests of several sources share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from astroclf.settings import sections

CONF = Path(__file__).parents[2] / "conf/dataset"
SECTIONS = {
    "image_folder": sections.ImageFolder,
    "catalog": sections.Catalog,
    "simulated": sections.Simulated,
}


@pytest.fixture
def source_settings(tmp_path: Path) -> Callable[..., Any]:
    """source_settings("catalog", table=...): the defaults of conf/, and a cache of the test's own."""

    def build(name: str, **values: Any) -> sections.Dataset:
        defaults = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
        return SECTIONS[name].model_validate(
            {**defaults, "cache": str(tmp_path / "cache"), **values}  # type: ignore[dict-item]
        )

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
