"""Ids are texts from first to last: 18 digits, leading zeros, and what looks like a number or a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from astroclf.api.frames import read_frame, read_table_frame
from astroclf.data.audit.leaks import find_leaks, write_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.data.framing import Framing
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.splits import write_split
from astroclf.errors import UserError
from astroclf.evaluation.metadata import read_metadata
from astroclf.files import read_csv, write_csv

IDS = ["123764587793606258", "1237645877936062584", "007", "7", "1e5", "0x10", "-0042", "nan"]


@pytest.fixture
def dataset(make_dataset: Callable[..., ImageDataset]) -> ImageDataset:
    return replace(make_dataset(len(IDS)), ids=np.array(IDS))


@pytest.fixture
def framing() -> Framing:
    return Framing(("gray",), "8-bit", "srgb", None, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in IDS:
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / f"{name}.png")
    return tmp_path


def test_the_table_of_the_split(dataset: ImageDataset, tmp_path: Path) -> None:
    write_split(dataset, tmp_path / "split.csv")
    assert [row["id"] for row in read_csv(tmp_path / "split.csv")] == IDS


def test_the_table_of_leaks(dataset: ImageDataset, tmp_path: Path) -> None:
    copies = dataset.images.copy()
    copies[1] = copies[0]
    split = np.array(["train", "test"] * (len(IDS) // 2))
    leaks = find_leaks(replace(dataset, images=copies, split=split, hashes=None))
    write_leaks(leaks, tmp_path / "leaks.csv")
    cells = {cell for row in read_csv(tmp_path / "leaks.csv") for cell in row.values()}
    assert {IDS[0], IDS[1]} <= cells


def test_data_frames_of_predictions_and_inspections(tmp_path: Path) -> None:
    rows = [(name, "train", 0.5) for name in IDS]
    write_csv(tmp_path / "predictions.csv", ("id", "split", "p_star"), rows)
    for read in (read_frame, read_table_frame):
        frame = read(tmp_path / "predictions.csv")
        assert frame["id"].tolist() == IDS
        assert frame["p_star"].dtype == np.float64


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_of_images_to_predict(folder: Path, framing: Framing, kind: str) -> None:
    table = folder / f"table.{kind}"
    frame = pd.DataFrame({"objID": IDS, "file": [f"{name}.png" for name in IDS]})
    frame.to_csv(table, index=False) if kind == "csv" else frame.to_parquet(table)
    images = open_input(table, framing, InputOptions(id_column="objID", keep_columns=("objID",)))
    block = images.read(0, len(IDS))
    assert list(block.ids) == IDS
    assert [cells[0] for cells in block.kept] == IDS
    assert not any(block.reasons)


def test_whole_numbers_of_parquet_keep_all_digits(folder: Path, framing: Framing) -> None:
    numbers = [int(IDS[0]), int(IDS[1])]
    files = [f"{name}.png" for name in IDS[:2]]
    pd.DataFrame({"objID": numbers, "file": files}).to_parquet(folder / "table.parquet")
    images = open_input(folder / "table.parquet", framing, InputOptions(id_column="objID"))
    assert [images.row(row).id for row in range(2)] == IDS[:2]


def test_ids_that_are_decimal_numbers_are_refused(folder: Path, framing: Framing) -> None:
    frame = pd.DataFrame({"objID": [float(IDS[1]), 7.0], "file": ["7.png", "007.png"]})
    frame.to_parquet(folder / "table.parquet")
    with pytest.raises(UserError) as refused:
        open_input(folder / "table.parquet", framing, InputOptions(id_column="objID"))
    assert str(refused.value) == (
        f"predict.id_column=objID of {folder / 'table.parquet'} holds decimal numbers, which round ids of more than 15 digits. "
        "Store the ids as text or whole numbers."
    )


def test_metadata_are_joined_by_the_whole_text(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.csv"
    pd.DataFrame({"objID": IDS, "mag": range(len(IDS))}).to_csv(catalog, index=False)
    found = read_metadata(["mag"], catalog=catalog, id_column="objID", ids=np.array(IDS[::-1]))
    assert found["mag"].tolist() == list(range(len(IDS)))[::-1]
