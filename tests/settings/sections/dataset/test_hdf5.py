from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

Refusal = Callable[..., str]

FILE = ("dataset=hdf5", "dataset.file=sky.h5")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset=hdf5"],
            "dataset.file is not set. Give the HDF5 file with the images, as dataset.file=<file>.",
        ),
        (
            [*FILE, "dataset.class_names=[a,b,a]"],
            "dataset.class_names=['a', 'b', 'a']: a name is given twice.",
        ),
        (
            [*FILE, "dataset.pixel_scale_arcsec=1", "dataset.pixel_scale_column=scale"],
            "dataset.pixel_scale_arcsec=1 and dataset.pixel_scale_column=scale: set one of the two.",
        ),
        (
            [*FILE, "dataset.ra_column=ra", "dataset.dec_column=dec"],
            "dataset.ra_column=ra: the distance of overlapping neighbors is unknown. Set dataset.neighbor_arcsec, or dataset.pixel_scale_arcsec, so that it is the width of an image.",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize("layout", ["galaxy10_sdss", "galaxy10_decals", "galaxy_mnist"])
def test_a_known_layout_needs_its_file_alone(
    settings: Callable[..., Settings], layout: str
) -> None:
    dataset = settings(f"dataset={layout}", "dataset.file=a.h5").dataset
    assert dataset.name == "hdf5"
    assert dataset.source == "a.h5"
