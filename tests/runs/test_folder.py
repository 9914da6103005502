from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.runs import folder as folder_module
from astroclf.runs.folder import RunFolder


def test_every_path_is_in_the_folder_and_different(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    values = [getattr(folder, name) for name in vars(RunFolder) if not name.startswith("_")]
    paths = [value for value in values if isinstance(value, Path)]
    assert all(path.is_relative_to(tmp_path) for path in paths)
    assert len(set(paths)) == len(paths)


def test_child_is_below_its_parent(tmp_path: Path) -> None:
    child = RunFolder(tmp_path).child("seed-1")
    assert child.path == tmp_path / "seed-1"
    assert child.name == "seed-1"


@pytest.mark.parametrize("name", [folder_module.CHECKPOINT, folder_module.MANIFEST])
def test_folder_with_a_checkpoint_or_a_manifest_is_resumable(tmp_path: Path, name: str) -> None:
    folder = RunFolder(tmp_path)
    assert not folder.is_resumable
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert folder.is_resumable


def test_prepared_files_are_no_results_beside_the_record_of_hydra(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.split.touch()
    folder.metrics.touch()
    assert folder.results == ["metrics.json", "split.csv"]
    folder.hydra_record.mkdir()
    assert folder.results == ["metrics.json"]
