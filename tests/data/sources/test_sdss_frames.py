"""Tests of astroclf.data.sources.sdss_frames, on simulated fields in the layout of the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.sources import sdss_frames
from astroclf.errors import UserError
from fixtures.sdss_archive import COLORS, N_OBJECTS, write_archive
from fixtures.simulated_frames import Sky

FIELDS = (80, 103, 120)
BANDS = ("r", "u", "g", "i", "z")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Sky]]:
    root = tmp_path_factory.mktemp("sdss")
    return root, write_archive(root, FIELDS)


@pytest.fixture
def section(settings: Any, archive: tuple[Path, Any], tmp_path: Path) -> Any:
    def read(*overrides: str) -> Any:
        common = (
            "dataset.fields=[80,103,120]",
            "dataset.val_fields=[120]",
            "dataset.test_fields=[80]",
        )
        return settings(
            "dataset=sdss_frames", f"dataset.root={archive[0]}", f"dataset.cache={tmp_path}/cache",
            *(common if not any("fields" in each for each in overrides) else ()), *overrides,
        ).dataset  # fmt: skip

    return read


def test_clean_primary_stars_and_galaxies_are_cut_in_five_bands(
    section: Any, archive: tuple[Path, dict[int, Sky]]
) -> None:
    dataset = sdss_frames.load(section())
    assert dataset.classes == ("galaxy", "star")
    assert dataset.pixels.bands == BANDS
    assert dataset.images.shape == (3 * N_OBJECTS, 5, 25, 25)
    assert dataset.ids[0] == "1237680000000080000", "18-digit objIDs survive as text"
    assert set(zip(dataset.ids.tolist(), dataset.split.tolist(), strict=True)) >= {
        ("1237680000000080000", "test"), ("1237680000000103001", "train"), ("1237680000000120002", "val"),
    }  # fmt: skip
    truth = np.concatenate([sky.flux for sky in archive[1].values()])
    star = dataset.targets == dataset.classes.index("star")
    for channel, band in enumerate(BANDS):
        flux = dataset.images[:, channel].sum(axis=(1, 2))
        np.testing.assert_allclose(
            np.median(flux[star] / truth[star]), COLORS[band], rtol=0.01, err_msg=band
        )


def test_fields_are_the_groups_of_drawn_splits(section: Any) -> None:
    dataset = sdss_frames.load(
        section("dataset.fields=[80,103,120]", "dataset.val_fields=[]", "dataset.test_fields=[]")
    )
    assert set(dataset.split.tolist()) == {""}
    assert dataset.groups is not None
    assert len(set(dataset.groups.tolist())) == 3


def test_limits_of_magnitude_are_those_in_r(section: Any, archive: tuple[Path, Any]) -> None:
    flux = np.concatenate([sky.flux for sky in archive[1].values()])
    limit = float(22.5 - 2.5 * np.log10(np.median(flux)))
    faint = sdss_frames.load(section(f"dataset.brightest_r={limit:.6f}"))
    bright = sdss_frames.load(section(f"dataset.faintest_r={limit:.6f}"))
    assert len(faint) + len(bright) == len(flux)
    assert abs(len(faint) - len(bright)) <= 1


def test_missing_files_are_counted_with_the_command_that_downloads_them(
    settings: Any, tmp_path: Path
) -> None:
    dataset = settings("dataset=sdss_frames", f"dataset.root={tmp_path}").dataset
    with pytest.raises(UserError, match=r"60 of 60 files are missing.*task=prepare"):
        sdss_frames.load(dataset)


def test_a_file_that_is_no_catalog_is_named(section: Any, archive: tuple[Path, Any]) -> None:
    file = archive[0] / "301/8162/6/photoObj-008162-6-0103.fits"
    content = file.read_bytes()
    try:
        file.write_bytes(content[:2880])
        with pytest.raises(UserError, match=r"0103\.fits is not a photoObj catalog"):
            sdss_frames.load(section())
    finally:
        file.write_bytes(content)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["dataset.val_fields=[999]"], "field 999 is not in dataset.fields"),
        (["dataset.val_fields=[80]", "dataset.test_fields=[80]"], "field 80 is in both"),
        (
            ["dataset.fields=[80]", "dataset.val_fields=[80]", "dataset.test_fields=[]"],
            "no field to train",
        ),
        (["dataset.root=null"], "dataset.root is not set"),
    ],
)
def test_fields_that_do_not_fit_are_refused(
    settings: Any, overrides: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        settings("dataset=sdss_frames", "dataset.root=x", *overrides)
