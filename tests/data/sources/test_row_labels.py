from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from astroclf.data.sources.row_labels import label_rows, with_pixel_scale
from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.settings.sections import Hdf5
from astroclf.tables import Table

Section = Callable[..., Hdf5]


@pytest.fixture
def section(settings: Callable[..., Settings]) -> Section:
    """section(*overrides): settings of dataset=hdf5."""

    def read(*overrides: str) -> Hdf5:
        of = (f"dataset.{override}" for override in overrides)
        dataset = settings("dataset=hdf5", "dataset.file=a.h5", *of).dataset
        assert isinstance(dataset, Hdf5)
        return dataset

    return read


def table(**columns: list[str]) -> Table:
    keys = {"labels": "dataset.label_column", "scale": "dataset.pixel_scale_column"}
    count = len(next(iter(columns.values())))
    return Table("dataset.file=a.h5", columns, keys, list(range(count)), unit="row")


def test_whole_numbers_get_the_names_of_the_classes_in_their_order(section: Section) -> None:
    rows = label_rows(
        table(labels=["2", "0", "2.0"]), section("class_names=[spiral,bar,arm]"), fewest_classes=2
    )
    assert rows.labels.classes == ("spiral", "arm")  # no image is of the class bar
    assert rows.labels.targets.tolist() == [1, 0, 1]
    assert rows.ids.tolist() == ["0", "1", "2"]


def test_annotators_give_whole_numbers_too(section: Section) -> None:
    settings = section(
        "label_column=null", "annotator_columns=[a,b]", "annotators=fractions", "class_names=[z,y]"
    )
    rows = label_rows(table(a=["0", "1", ""], b=["0", "0", "1"]), settings, fewest_classes=2)
    assert rows.labels.classes == ("z", "y")
    np.testing.assert_array_equal(rows.labels.soft_targets, [[1, 0], [0.5, 0.5], [0, 1]])


@pytest.mark.parametrize("label", ["3", "-1", "0.5", "nan"])
def test_labels_without_a_name_are_refused(section: Section, label: str) -> None:
    with pytest.raises(UserError) as refused:
        label_rows(table(labels=["0", label]), section("class_names=[a,b,c]"), fewest_classes=2)
    assert str(refused.value) == (
        "dataset.class_names names the labels 0 to 2, but dataset.label_column=labels of dataset.file=a.h5 "
        f"holds {label}. Name every label, in their order."
    )


def test_a_common_pixel_scale_is_that_of_all_images(section: Section) -> None:
    settings = section("pixel_scale_column=scale", "ra_column=ra", "dec_column=dec")
    scales = [str(np.float32(0.262)), "0.262", "0.262"]
    scaled = with_pixel_scale(settings, table(scale=scales), width_px=100)
    assert scaled.pixel_scale_arcsec == pytest.approx(0.262)
    assert scaled.neighbor_arcsec == pytest.approx(26.2)


def test_neighbors_are_found_with_the_largest_scale(section: Section) -> None:
    settings = section("pixel_scale_column=scale", "ra_column=ra", "dec_column=dec")
    scaled = with_pixel_scale(settings, table(scale=["0.2", "0.4"]), width_px=10)
    assert scaled.pixel_scale_arcsec is None
    assert scaled.neighbor_arcsec == pytest.approx(4)
    settings = settings.model_copy(update={"neighbor_arcsec": 7.0})
    assert with_pixel_scale(settings, table(scale=["0.2", "0.4"]), 10).neighbor_arcsec == 7


@pytest.mark.parametrize("scale", ["0", "-1", "nan", ""])
def test_a_scale_that_is_no_positive_number_is_refused(section: Section, scale: str) -> None:
    with pytest.raises(UserError, match=r"1 rows hold no positive number, row 1"):
        with_pixel_scale(section("pixel_scale_column=scale"), table(scale=["1", scale]), 10)
