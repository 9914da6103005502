from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.runs.folder import RunFolder
from astroclf.tasks.comparison.common_images import find_common
from astroclf.tasks.comparison.compared_run import ComparedRun, read_run
from astroclf.tasks.comparison.pictures import match_pictures, picture_ids


@pytest.fixture(scope="module")
def run(train_run: Callable[..., Path]) -> ComparedRun:
    small = ("model.widths=[4,4]", "model.hidden_units=[8]", "evaluation.report=false")
    return read_run(RunFolder(train_run(*small, "trainer.epochs=1")))


def with_other_ids(run: ComparedRun) -> ComparedRun:
    (training,) = run.trainings
    ids = np.array([f"file-{name}" for name in training.ids.tolist()])
    return replace(run, name="b", trainings=[replace(training, ids=ids)])


def test_pictures_of_a_run_are_those_of_its_data_set(
    run: ComparedRun, simulated_dataset: ImageDataset
) -> None:
    hashes = simulated_dataset.picture_hashes
    assert picture_ids(run.folder) == dict(zip(hashes, simulated_dataset.ids.tolist(), strict=True))


def test_other_ids_are_matched_by_equal_pictures(
    run: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = picture_ids(run.folder)
    assert known is not None
    other = replace(with_other_ids(run), folder=RunFolder(Path("b")))
    theirs = {hashed: f"file-{name}" for hashed, name in known.items()}
    monkeypatch.setattr(
        "astroclf.tasks.comparison.pictures.picture_ids",
        lambda folder: theirs if folder.name == "b" else known,
    )
    runs, (sentence,) = match_pictures([run, other])
    assert sentence.endswith("64 images are matched by their pixels.")
    common = find_common(runs)
    assert len(common.ids) == int(np.sum(run.trainings[0].parts == "test"))


def test_runs_with_common_ids_or_without_hashes_are_unchanged(run: ComparedRun) -> None:
    assert match_pictures([run, run]) == ([run, run], [])
    lost = replace(with_other_ids(run), folder=RunFolder(Path("nowhere")))
    assert match_pictures([run, lost]) == ([run, lost], [])
