from __future__ import annotations

import os
from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.runs.claim import claim_fresh, claim_named, claim_resumed
from astroclf.runs.folder import LOCK, MANIFEST


def leave_record(folder: Path) -> None:
    """Write the files of Hydra that precede a run to its folder."""
    (folder / ".hydra").mkdir()
    for name in ("config.yaml", "hydra.yaml", "overrides.yaml"):
        (folder / ".hydra" / name).touch()
    (folder / "run.log").touch()


def test_name_that_is_taken_gets_a_suffix(tmp_path: Path) -> None:
    claims = [claim_fresh(tmp_path / "day/run") for _ in range(3)]
    assert [claim.folder.name for claim in claims] == ["run", "run-2", "run-3"]


def test_discard_removes_the_folders_that_the_claim_created(tmp_path: Path) -> None:
    claim = claim_fresh(tmp_path / "new/day/run")
    leave_record(claim.folder)
    claim.discard()
    assert not list(tmp_path.iterdir())


def test_discard_keeps_a_folder_with_further_files(tmp_path: Path) -> None:
    claim = claim_fresh(tmp_path / "run")
    leave_record(claim.folder)
    (claim.folder / "notes.txt").touch()
    claim.discard()
    assert (tmp_path / "run/notes.txt").exists()
    assert (tmp_path / "run/.hydra/config.yaml").exists()


def test_discard_keeps_a_folder_that_existed(tmp_path: Path) -> None:
    claim = claim_named(tmp_path, "hydra.run.dir")
    leave_record(tmp_path)
    claim.discard()
    assert tmp_path.is_dir()
    assert not list(tmp_path.iterdir())


def test_discard_keeps_a_log_with_lines(tmp_path: Path) -> None:
    claim = claim_fresh(tmp_path / "run")
    leave_record(claim.folder)
    (claim.folder / "run.log").write_text("epoch 1")
    claim.discard()
    assert (tmp_path / "run/run.log").exists()


def test_folder_in_use_is_refused_until_it_is_released(tmp_path: Path) -> None:
    claim = claim_named(tmp_path / "run", "hydra.run.dir")
    for again in (lambda: claim_named(claim.folder, "x"), lambda: claim_resumed(claim.folder)):
        with pytest.raises(UserError, match=f"is in use by process {os.getpid()}"):
            again()
    claim.release()
    claim_named(claim.folder, "hydra.run.dir").release()


def test_seed_is_refused_while_its_parent_runs(tmp_path: Path) -> None:
    claim = claim_fresh(tmp_path / "run")
    (claim.folder / MANIFEST).touch()
    (claim.folder / "seed-1").mkdir()
    with pytest.raises(UserError, match="is in use by"):
        claim_resumed(claim.folder / "seed-1")
    claim.release()
    claim_resumed(claim.folder / "seed-1")


def test_run_killed_before_its_first_step_can_be_started_again(tmp_path: Path) -> None:
    (tmp_path / "split.csv").touch()
    with pytest.raises(
        UserError, match=r"holds results already \(split\.csv\)\. Give another folder\.$"
    ):
        claim_named(tmp_path, "hydra.run.dir")
    assert [path.name for path in tmp_path.iterdir()] == ["split.csv"]
    leave_record(tmp_path)
    claim_named(tmp_path, "hydra.run.dir")
    assert (tmp_path / LOCK).exists()


def test_file_is_refused_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(UserError, match="is a file: give a folder"):
        claim_named(tmp_path / "run", "hydra.run.dir")


def test_discard_works_after_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere/new/run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    claim = claim_fresh(Path("new/run"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    claim.discard()
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "elsewhere/new/run").is_dir()


def test_record_of_another_program_is_not_overwritten(tmp_path: Path) -> None:
    record = tmp_path / ".hydra/config.yaml"
    record.parent.mkdir()
    record.write_text("its: settings")
    with pytest.raises(UserError, match="holds the record of another program"):
        claim_named(tmp_path, "hydra.run.dir")
    assert record.read_text() == "its: settings"
    assert [path.name for path in tmp_path.iterdir()] == [".hydra"]
