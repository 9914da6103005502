from __future__ import annotations

from pathlib import Path

import pytest

import astroclf


def test_a_dataset_is_read_by_name_with_overrides(cache: Path) -> None:
    sky = astroclf.read_dataset("simulated", "dataset.n_images=64", f"dataset.cache={cache}")
    assert len(sky) == 64
    assert set(sky.split_names) == {"train", "val", "test"}


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(astroclf.UserError, match="missing"):
        astroclf.read_dataset(tmp_path / "missing.csv")
