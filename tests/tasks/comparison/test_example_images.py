from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.runs.folder import RunFolder
from astroclf.runs.settings import write_settings
from astroclf.tasks.comparison.compared_run import ComparedRun
from astroclf.tasks.comparison.example_images import example_images


def test_images_are_read_again_from_the_settings_of_a_run(
    settings: Any, simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    write_settings(folder, settings())
    lost = ComparedRun("lost", RunFolder(tmp_path / "lost"), [], "one training")
    run = ComparedRun("a", folder, [], "one training")
    ids = simulated_dataset.ids[[5, 3]]
    thumbnails, note = example_images([lost, run], ids)
    assert note == ""
    assert thumbnails is not None
    expected = make_thumbnails(simulated_dataset, np.array([3]))
    np.testing.assert_array_equal(thumbnails(np.array([1])), expected)


def test_other_images_and_missing_settings_are_explained(settings: Any, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_settings(folder, settings())
    run = ComparedRun("a", folder, [], "one training")
    thumbnails, note = example_images([run], np.array(["another"]))
    assert thumbnails is None
    assert note.startswith(
        "No images are shown, since they cannot be read again: the data set of a lacks"
    )
