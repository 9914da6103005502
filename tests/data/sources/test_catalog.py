from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.catalog import load
from astroclf.errors import UserError
from astroclf.settings.schemas import read_schema
from fixtures.band_files import write_bands
from fixtures.galaxy_zoo import draw_fractions

SDSS = Path(__file__).parents[3].parent / "shared/data/star_galaxy_sdss"

Load = Callable[..., ImageDataset]


@pytest.fixture
def table(tmp_path: Path, write_image: Callable[..., np.ndarray]) -> pd.DataFrame:
    """Six rows, with their files below tmp_path."""
    files = [f"cutouts/{number}.png" for number in range(6)]
    for seed, file in enumerate(files):
        write_image(tmp_path / file, seed)
    return pd.DataFrame(
        {
            "file": files,
            "class": ["star", "galaxy", "star", "galaxy", "star", "galaxy"],
            "objID": ["007", "008", "1237645877936062584", "1237645877936062585", "11", "12"],
            "set": ["Training", "train", "dev", "VALID", "hand_test", None],
            "field": ["12", "12", "13", "13", "14", "15"],
            "smooth": [0, 0.25, 0.5, 1, 0.75, 0.1],
            "disk": [1, 0.75, 0.5, 0, 0.25, 0.9],
        }
    )


@pytest.fixture
def load_table(tmp_path: Path, source_settings: Callable[..., Any]) -> Load:
    def load_with(table: pd.DataFrame, **values: Any) -> ImageDataset:
        table.to_csv(tmp_path / "labels.csv", index=False)
        values = {"table": str(tmp_path / "labels.csv"), "image_px": None, **values}
        return load(source_settings("catalog", **values))

    return load_with


def test_labels_ids_groups_and_splits(load_table: Load, table: pd.DataFrame) -> None:
    dataset = load_table(table, id_column="objID", split_column="set", group_column="field")
    assert dataset.classes == ("galaxy", "star")
    assert dataset.targets.tolist() == [1, 0, 1, 0, 1, 0]
    assert dataset.targets.dtype == np.int64
    assert dataset.ids.tolist() == table["objID"].tolist()
    assert dataset.split.tolist() == ["train", "train", "val", "val", "hand_test", ""]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == table["field"].tolist()
    assert dataset.images.shape == (6, 3, 8, 8)


def test_file_names_are_ids_without_an_id_column(load_table: Load, table: pd.DataFrame) -> None:
    dataset = load_table(table)
    assert dataset.ids.tolist() == ["0", "1", "2", "3", "4", "5"]
    assert dataset.groups is None
    assert set(dataset.split.tolist()) == {""}


def test_vote_fractions(load_table: Load, table: pd.DataFrame) -> None:
    dataset = load_table(table, label_column=None, vote_columns=["smooth", "disk"])
    assert dataset.classes == ("smooth", "disk")
    assert dataset.targets.dtype == np.float32
    np.testing.assert_array_equal(dataset.targets, table[["smooth", "disk"]].to_numpy(np.float32))


def test_classes_that_are_numbers_are_in_numeric_order(
    load_table: Load, table: pd.DataFrame
) -> None:
    dataset = load_table(table.assign(**{"class": [10, 2, 10, 2, 1, 1]}))
    assert dataset.classes == ("1", "2", "10")
    assert dataset.targets.tolist() == [2, 1, 2, 1, 0, 0]


def test_skipped_images_leave_the_rest_aligned(
    tmp_path: Path, load_table: Load, table: pd.DataFrame
) -> None:
    columns = {"id_column": "objID", "split_column": "set", "group_column": "field"}
    whole = load_table(table, **columns)
    (tmp_path / "cutouts/1.png").write_bytes(b"")
    (tmp_path / "cutouts/4.png").write_bytes(b"no picture")
    dataset = load_table(table, on_bad_image="skip", **columns)
    for name in ("images", "targets", "ids", "split", "groups"):
        np.testing.assert_array_equal(getattr(dataset, name), getattr(whole, name)[[0, 2, 3, 5]])
    assert dataset.skipped == {
        "cutouts/1.png": "empty file",
        "cutouts/4.png": "not a JPEG, PNG, TIFF, WebP, BMP, GIF or FITS image",
    }


@pytest.mark.parametrize(
    ("changes", "values", "message"),
    [
        (
            {},
            {"label_column": "clas"},
            r"label_column=clas .* has file, class.*; did you mean class\?",
        ),
        ({}, {"split_column": "zzz"}, r"split_column=zzz is not a column .*, disk\.$"),
        ({}, {"label_column": None, "vote_columns": ["smooth", "dusk"]}, "vote_columns=dusk"),
        ({"file": [f"x{i}.png" for i in range(6)]}, {}, r"6 of 6 files .* missing.*: x0\.png, x1"),
        (
            {"objID": ["1", "2", "1", "2", "3", "4"]},
            {"id_column": "objID"},
            r"id_column=objID: 2 ids .*: 1, 2\.",
        ),
        ({"file": ["cutouts/0.png"] * 6}, {}, "image_column=file: 1 ids"),
        (
            {"class": ["a", None, "b", "a", None, "b"]},
            {},
            r"class is empty in 2 rows .*, lines 3, 6:",
        ),
        ({"field": [None] * 6}, {"group_column": "field"}, "field is empty in 6 rows"),
        ({"class": ["a"] * 6}, {}, "the only class is a"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    load_table: Load,
    table: pd.DataFrame,
    changes: dict[str, list[Any]],
    values: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(UserError, match=message):
        load_table(table.assign(**changes), **values)


@pytest.mark.parametrize("wrong", ["1.01", "-0.1", None, "many", "inf"])
def test_votes_outside_0_to_1_are_refused(
    load_table: Load, table: pd.DataFrame, wrong: object
) -> None:
    votes = [0.5, 0.5, wrong, 0.5, wrong, 0.5]
    with pytest.raises(
        UserError,
        match=r"disk.* 2 rows have other values, lines 4, 6; the first has|2 rows .* lines 4, 6; .* in disk\.",
    ):
        load_table(table.assign(disk=votes), label_column=None, vote_columns=["smooth", "disk"])


def test_no_more_than_ten_missing_files_are_named(load_table: Load) -> None:
    table = pd.DataFrame({"file": [f"x{i}.png" for i in range(12)], "class": ["a", "b"] * 6})
    with pytest.raises(UserError, match="12 of 12") as refusal:
        load_table(table)
    assert str(refusal.value).count(".png") == 10


def test_files_that_are_not_tables_are_refused(
    tmp_path: Path, source_settings: Callable[..., Any], table: pd.DataFrame
) -> None:
    file = tmp_path / "labels.csv"
    settings = source_settings("catalog", table=str(file))
    with pytest.raises(UserError, match="No such file"):
        load(settings)
    file.write_text("")
    with pytest.raises(UserError, match="cannot be read as CSV"):
        load(settings)
    file.write_text("file,class\n")
    with pytest.raises(UserError, match="has no rows"):
        load(settings)


@pytest.mark.parametrize("word", ["None", "NA", "nan", "null", "N/A"])
def test_words_for_missing_values_are_valid_classes(
    load_table: Load, table: pd.DataFrame, word: str
) -> None:
    dataset = load_table(table.assign(**{"class": ["bar", word] * 3}))
    assert set(dataset.classes) == {"bar", word}


def test_blanks_around_cells_are_removed(load_table: Load, table: pd.DataFrame) -> None:
    padded = {" class ": [" star", "galaxy ", "star", "\tgalaxy", "star\u00a0", "galaxy"]}
    padded |= {"file": [f" {file} " for file in table["file"]]}
    dataset = load_table(table.drop(columns="class").assign(**padded))
    assert dataset.classes == ("galaxy", "star")
    assert dataset.ids.tolist() == ["0", "1", "2", "3", "4", "5"]


def test_classes_that_differ_in_case_give_a_warning(
    load_table: Load, table: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = load_table(table.assign(**{"class": ["Star", "galaxy", "star"] * 2}))
    assert dataset.classes == ("Star", "galaxy", "star")
    assert "different classes: Star and star." in caplog.text


def test_names_without_an_extension_find_their_image(
    tmp_path: Path, load_table: Load, table: pd.DataFrame, write_image: Callable[..., np.ndarray]
) -> None:
    numbers = table.assign(GalaxyID=[f"10005{i}" for i in range(6)]).drop(columns="file")
    for i in range(6):
        write_image(tmp_path / f"images/10005{i}.{'JPG' if i else 'png'}", seed=i)
    with pytest.raises(UserError, match=r"100050 is in (.*images): set dataset\.image_root=") as no:
        load_table(numbers, image_column="GalaxyID")
    folder = str(no.value).split("image_root=")[1].split(". Or")[0].rstrip(".")
    dataset = load_table(numbers, image_column="GalaxyID", image_root=folder)
    assert dataset.ids.tolist() == numbers["GalaxyID"].tolist()

    windows = numbers.assign(GalaxyID=[f"images\\10005{i}" for i in range(6)])
    np.testing.assert_array_equal(
        load_table(windows, image_column="GalaxyID").images, dataset.images
    )
    write_image(tmp_path / "images/100053.tif")
    with pytest.raises(UserError, match=r"100053 is ambiguous: 100053\.JPG, 100053\.tif\."):
        load_table(numbers, image_column="GalaxyID", image_root=folder)


def test_missing_files_can_be_left_out(load_table: Load, table: pd.DataFrame) -> None:
    lost = table.assign(file=["lost.png", *table["file"][1:]])
    with pytest.raises(UserError, match=r"1 of 6 files .*: lost\.png\. .*on_bad_image=skip"):
        load_table(lost)
    dataset = load_table(lost, on_bad_image="skip")
    assert dataset.targets.tolist() == [0, 1, 0, 1, 0]
    assert dataset.skipped == {"lost.png": "cannot be read (No such file or directory)"}


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "~nobody-of-that-name/a", "cutouts", "?#%'\""])
def test_unusual_file_names_are_refused_in_one_sentence(
    load_table: Load, table: pd.DataFrame, name: str
) -> None:
    with pytest.raises(UserError, match=r"1 of 6|zero bytes") as refusal:
        load_table(table.assign(file=[name, *table["file"][1:]]))
    assert len(str(refusal.value)) < 1500


@pytest.mark.skipif(not SDSS.is_dir(), reason="no ../shared/data")
def test_table_of_sdss_cutouts_is_read(tmp_path: Path, load_table: Load) -> None:
    rows = pd.read_csv(SDSS / "index.csv", dtype=str).groupby(["split", "label"]).head(15)
    names = {"image_column": "path", "label_column": "label", "split_column": "split"}
    for folder in ("train", "validate"):
        (tmp_path / folder).symlink_to(SDSS / folder)
    dataset = load_table(rows, **names, id_column="objID", image_px=32)
    assert dataset.images.shape == (60, 3, 32, 32)
    assert dataset.ids.tolist() == rows["objID"].tolist()
    assert dataset.split_names == ("train", "val")
    assert dataset.classes == ("galaxies", "stars")


def test_columns_of_one_file_per_band_become_bands(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    flux = [write_bands(tmp_path, str(row), ("g", "r"), seed=row) for row in range(3)]
    rows = [f"s-g-{row}.fits,s-r-{row}.fits,{'ab'[row % 2]},{row:018d}" for row in range(2)]
    rows.append(f"s-g-2.fits,,a,{2:018d}")
    (tmp_path / "t.csv").write_text("\n".join(["file_g,file_r,class,objid", *rows]))
    settings = source_settings(
        "catalog",
        table=str(tmp_path / "t.csv"),
        image_columns={"r": "file_r", "g": "file_g"},
        id_column="objid",
        image_px=None,
        stretch="linear",
        missing_band="mask",
    )
    dataset = load(settings)
    np.testing.assert_array_equal(dataset.images[:2], np.stack(flux[:2])[:, ::-1])
    np.testing.assert_array_equal(dataset.images[2], [np.zeros((8, 8)), flux[2][0]])
    assert (dataset.pixels.bands, dataset.ids[1]) == (("r", "g"), f"{1:018d}")
    assert dataset.framing is not None
    assert dataset.framing.image_columns == ("file_r", "file_g")
    one = load(settings.model_copy(update={"bands": ("g",)}))
    np.testing.assert_array_equal(one.images[:, 0], [each[0] for each in flux])


def test_votes_of_a_schema_have_its_tree_and_their_volunteers(
    load_table: Load, table: pd.DataFrame
) -> None:
    schema = read_schema("galaxy_zoo_decals")
    counts = np.rint(40 * draw_fractions(schema.tree, 6))
    table = table.join(pd.DataFrame(counts, columns=list(schema.tree.answers)))
    table[schema.count_column] = counts[:, :3].sum(axis=1)
    chosen = {"label_column": None, "vote_schema": "galaxy_zoo_decals", "vote_tolerance": 0.1}
    dataset = load_table(table, **chosen)
    assert dataset.tree == schema.tree
    assert dataset.classes == schema.tree.answers
    assert dataset.vote_counts is not None
    assert dataset.vote_counts == pytest.approx(table[schema.count_column].to_numpy())
    assert dataset.targets[:, :3].sum(axis=1) == pytest.approx(np.ones(6))
    with pytest.raises(UserError, match=r"1 of its 35 columns are missing in dataset\.table="):
        load_table(table.drop(columns="bar_weak"), **chosen)
