from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.data_checks import (
    check_data,
    data_warnings,
    describe,
    require_no_leaks,
    write_tables,
)
from astroclf.tasks.run import open_run

Make = Callable[..., ImageDataset]
Read = Callable[..., Settings]


@pytest.fixture
def leaky(make_dataset: Make) -> ImageDataset:
    """Twelve images, one of them in train and val, and one file that was skipped."""
    dataset = make_dataset()
    images = dataset.images.copy()
    images[11] = images[0]
    return replace(dataset, images=images, skipped={"bad.png": "truncated"})


def rows(file: Path) -> list[list[str]]:
    with file.open(newline="") as stream:
        return list(csv.reader(stream))


def test_one_line_describes_the_data_set(make_dataset: Make) -> None:
    assert describe("catalog", make_dataset()) == (
        "catalog: 12 images of 3 x 8 x 8 px; train 8, val 4; 2 classes (a, b), positive: b"
    )
    assert describe("galaxy", make_dataset(n_classes=7, votes=True)).endswith(
        "; 7 answers (a, b, c, d, e, f, ...)"
    )


def test_tables_of_split_skipped_files_and_leaks(
    tmp_path: Path, make_dataset: Make, leaky: ImageDataset
) -> None:
    write_tables(make_dataset(), RunFolder(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["split.csv"]
    assert rows(tmp_path / "split.csv")[:2] == [
        ["id", "split", "target"],
        ["image-0", "train", "a"],
    ]
    write_tables(leaky, RunFolder(tmp_path))
    assert rows(tmp_path / "skipped.csv") == [["file", "reason"], ["bad.png", "truncated"]]
    assert [row[2] for row in rows(tmp_path / "leaks.csv")[1:]] == ["image-0", "image-11"]


def test_warnings_about_files_leaks_batches_and_classes(
    settings: Read, make_dataset: Make, leaky: ImageDataset
) -> None:
    skipped, leaks, batch, small = data_warnings(settings("trainer.batch_size=9"), leaky)
    assert skipped == "Files left out: 1, see skipped.csv. Reasons: truncated (1)."
    assert leaks.startswith(
        "More than one split holds 1 identical picture (image-0 in train and image-11 in"
    )
    assert "train has 8 images, fewer than trainer.batch_size=9" in batch
    assert small.startswith("Classes too small for reliable metrics")
    votes = make_dataset(votes=True)
    assert data_warnings(settings("trainer.batch_size=8"), votes) == []


def test_invalid_pixels_are_counted_and_listed(tmp_path: Path, settings: Read) -> None:
    for number in range(40):
        values = np.random.default_rng(number).normal(size=(16, 16)).astype(np.float32)
        values[0, :4] = np.nan if number == 7 else 0
        folder = tmp_path / "images" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        fits.PrimaryHDU(values).writeto(folder / f"{number}.fits")
    root = f"dataset.root={tmp_path}/images"
    own = settings("dataset=image_folder", root, "dataset.image_px=null", "trainer.batch_size=8")
    run = open_run(own, tmp_path / "run")
    run.folder.path.mkdir()
    warnings = check_data(run, load_dataset(own.dataset))
    assert rows(run.folder.invalid_pixels) == [["id", "invalid_share"], ["7", "0.015625"]]
    assert warnings[0].startswith("Invalid pixels (NaN, infinite or blank) in 1 of 40 images were")


def test_trials_of_a_search_are_checked_once(
    tmp_path: Path, settings: Read, leaky: ImageDataset, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run = open_run(settings(), tmp_path)
    trial = replace(run, callbacks=())
    warnings = [check_data(each, leaky) for each in (trial, trial)]
    assert warnings[0] == warnings[1]
    assert caplog.text.count("12 images of 3 x 8 x 8 px") == 1
    check_data(run, leaky)
    assert caplog.text.count("12 images of 3 x 8 x 8 px") == 2


def test_an_objective_that_does_not_fit_the_classes_is_refused(
    tmp_path: Path, settings: Read, make_dataset: Make
) -> None:
    run = open_run(settings("evaluation.threshold='max_recall@precision>=0.9'"), tmp_path)
    with pytest.raises(UserError, match=r"evaluation\.threshold"):
        check_data(run, make_dataset(n_classes=3))


def test_a_missing_column_is_refused_before_the_training(
    tmp_path: Path, settings: Read, make_dataset: Make
) -> None:
    table = tmp_path / "table.csv"
    np.savetxt(table, np.arange(12), header="id", comments="")
    run = open_run(
        settings(
            f"evaluation.metadata={table}",
            "evaluation.metadata_id=id",
            "evaluation.bin_columns=[mag]",
        ),
        tmp_path,
    )
    with pytest.raises(UserError, match="mag"):
        check_data(run, make_dataset())


def test_leaks_stop_a_run_on_demand(settings: Read, leaky: ImageDataset) -> None:
    with pytest.raises(
        UserError, match=r"on_leak=stop: More than one split holds 1 identical picture"
    ):
        require_no_leaks(settings("dataset.on_leak=stop"), leaky)
    require_no_leaks(settings("dataset.on_leak=warn"), leaky)
