from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.audit.leaks import find_leaks
from astroclf.data.neighbors import find_neighbors
from astroclf.data.sources import load_dataset

REAL = Path(__file__).parents[2].parent / "shared/data/star_galaxy_sdss/index.csv"


@given(st.integers(0, 2**32 - 1), st.sampled_from([-75.0, -30.0, 0.0, 60.0]))
def test_neighbors_are_squares_that_overlap(seed: int, dec: float) -> None:
    rng = np.random.default_rng(seed)
    sky_deg = np.array([359.999, dec]) + rng.uniform(0, 0.005, (12, 2))
    sky_deg[:, 0] %= 360  # across right ascension 0 too
    expected = set()
    for i, (ra_i, dec_i) in enumerate(sky_deg):
        for j, (ra_j, dec_j) in enumerate(sky_deg[:i]):
            d_ra = min((ra_i - ra_j) % 360, (ra_j - ra_i) % 360)
            x_arcsec = d_ra * np.cos(np.radians((dec_i + dec_j) / 2)) * 3600
            if x_arcsec < 6 and abs(dec_i - dec_j) * 3600 < 6:
                expected.add((j, i))
    assert {tuple(pair) for pair in find_neighbors(sky_deg, 6.0).tolist()} == expected


def test_a_drawn_split_keeps_neighbors_together(
    tmp_path: Path, source_settings: Callable[..., Any], write_image: Callable[..., np.ndarray]
) -> None:
    rows = []
    for i in range(40):  # twenty pairs, 2 arcsec apart
        write_image(tmp_path / f"{i}.png", seed=i)
        ra_deg = 10 + i // 2 + i % 2 * 2 / 3600
        rows.append((f"{i}.png", "ab"[i // 2 % 2], ra_deg, 0.0))
    table = tmp_path / "table.csv"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "class", "ra", "dec"), *rows])
    position = {"ra_column": "ra", "dec_column": "dec", "neighbor_arcsec": 3.0}
    dataset = load_dataset(source_settings("catalog", table=str(table), **position))
    assert set(dataset.split_names) == {"train", "val", "test"}
    assert (dataset.split[0::2] == dataset.split[1::2]).all()
    assert find_leaks(dataset) == ()


@pytest.mark.skipif(not REAL.exists(), reason="no ../shared/data")
def test_validation_cutouts_that_overlap_a_training_cutout_are_found(
    source_settings: Callable[..., Any],
) -> None:
    columns = {"image_column": "path", "label_column": "label", "split_column": "split"}
    columns |= {"id_column": "objID", "ra_column": "ra", "dec_column": "dec"}
    settings = source_settings(
        "catalog", table=str(REAL), image_px=8, pixel_scale_arcsec=0.1, **columns
    )
    dataset = load_dataset(settings)
    assert dataset.neighbor_arcsec == pytest.approx(12.0)  # 120 px of 0.1 arcsec
    leaks = [leak for leak in find_leaks(dataset) if leak.what == "sky"]
    in_val = {
        image
        for leak in leaks
        for image, split in zip(leak.ids, leak.splits, strict=True)
        if split == "val"
    }
    assert len(in_val) == 56
