"""Tests of astroclf.data.sources.sdss_archive; the addresses are those of the data model of SDSS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.sources.sdss_archive import archive_files, catalog_path, read_objects
from astroclf.errors import UserError
from fixtures.sdss_archive import N_OBJECTS, write_archive

Section = Callable[..., Any]


@pytest.fixture
def section(settings: Any) -> Section:
    def read(*overrides: str) -> Any:
        return settings(
            "dataset=sdss_frames", "dataset.root=.", "dataset.fields=[80,103]", "dataset.val_fields=[]",
            "dataset.test_fields=[]", *overrides,
        ).dataset  # fmt: skip

    return read


def test_files_have_the_addresses_of_data_release_17(section: Section) -> None:
    files = archive_files(section("dataset.bands=[r,z]"))
    base = "https://data.sdss.org/sas/dr17/eboss/photoObj"
    assert len(files) == 2 * (1 + 2)
    assert files[0].url == f"{base}/301/8162/6/photoObj-008162-6-0080.fits"
    assert files[-1].url == f"{base}/frames/301/8162/6/frame-z-008162-6-0103.fits.bz2"
    mirror = archive_files(section(), "https://mirror.org/sdss/")
    assert all(each.url.startswith("https://mirror.org/sdss/") for each in mirror)


def test_magnitudes_limit_the_objects(section: Section, tmp_path: Path) -> None:
    sky = write_archive(tmp_path, (80,))[80]
    path = tmp_path / catalog_path(section(), 80)
    assert len(read_objects(path, section()).ids) == N_OBJECTS
    magnitude = 22.5 - 2.5 * np.log10(sky.flux)  # nanomaggies
    limit = float(np.median(magnitude))
    bright = read_objects(path, section(f"dataset.faintest_r={limit}"))
    np.testing.assert_allclose(bright.sky_deg, sky.sky_deg[magnitude <= limit])
    faint = read_objects(path, section(f"dataset.brightest_r={limit}"))
    assert len(bright.ids) + len(faint.ids) == N_OBJECTS


def test_unclean_objects_are_kept_by_choice(section: Section, tmp_path: Path) -> None:
    write_archive(tmp_path, (80,))
    objects = read_objects(tmp_path / catalog_path(section(), 80), section("dataset.clean=false"))
    assert len(objects.ids) == N_OBJECTS + 1
    assert objects.types[-1] == "galaxy"


def test_another_file_is_refused(section: Section, tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_text("<html>")
    with pytest.raises(UserError, match="is not a photoObj catalog of SDSS"):
        read_objects(tmp_path / "a.fits", section())
