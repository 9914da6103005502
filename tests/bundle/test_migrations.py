"""Bundles that older versions wrote: tiny folders, with the predictions of those versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.bundle import Bundle, read_bundle
from astroclf.bundle.migrations import migrate
from astroclf.data.framing import Framing
from astroclf.models.bundle_files import DESCRIPTION_FILE, FORMAT

OLD = Path(__file__).parent / "old_formats"
# Old formats 2 and 3 do not state the depth, which stays unknown for linear values.
DEPTHS = {
    "crop_8_bit": ("8-bit", "8-bit"),
    "votes_16_bit": (None, "16-bit"),
    "focal_flux": (None, "float"),
}
SCALES = {"crop_8_bit": 1, "votes_16_bit": 257, "focal_flux": 0.001}


def images_for(bundle: Bundle, name: str) -> np.ndarray:
    """The images whose predictions are in expected.json."""
    shape = (3, len(bundle.pixels.bands), 8, 8)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return images if name == "crop_8_bit" else images.astype(np.float32) * SCALES[name]


@pytest.mark.parametrize("version", [2, 3, 4, 5])
@pytest.mark.parametrize("name", DEPTHS)
def test_older_bundles_predict_as_before(name: str, version: int) -> None:
    folder = OLD / f"{name}_format_{version}"
    bundle = read_bundle(folder, device="cpu")
    expected = json.loads((folder / "expected.json").read_text())
    images = images_for(bundle, name)
    np.testing.assert_allclose(bundle.predict(images), expected["probabilities"], atol=1e-6)
    assert bundle.label(images).tolist() == expected["labels"]
    assert bundle.depth == DEPTHS[name][version >= 4]
    assert bundle.reference is None
    assert bundle.prediction(images).unlike_training is None


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_the_framing_comes_from_the_cut_and_the_data_set(version: int) -> None:
    bundle = read_bundle(OLD / f"crop_8_bit_format_{version}", device="cpu")
    bands = ("red", "green", "blue")
    assert bundle.framing == Framing(bands, "8-bit", "srgb", 6, image_px=8, max_megapixels=50.0)
    assert bundle.predictor.tta_views == 8
    assert bool(bundle.provenance) == (version >= 4)


def test_flux_comes_from_no_file() -> None:
    assert read_bundle(OLD / "focal_flux_format_4", device="cpu").framing is None


def test_timm_networks_of_format_2_use_the_last_features() -> None:
    content: dict[str, Any] = json.loads(
        (OLD / "crop_8_bit_format_2" / DESCRIPTION_FILE).read_text()
    )
    migrated = migrate({**content, "model": {"family": "timm", "name": "resnet18"}})
    assert migrated["model"]["features"] == "last"
    assert migrated["format"] == FORMAT


@pytest.mark.parametrize("missing", ["views", "cut", "pixels", "facts"])
def test_content_that_its_format_lacks_is_named(missing: str) -> None:
    content = json.loads((OLD / "crop_8_bit_format_3" / DESCRIPTION_FILE).read_text())
    del content[missing]
    with pytest.raises(ValueError, match=f"'{missing}' is missing"):
        migrate(content)
