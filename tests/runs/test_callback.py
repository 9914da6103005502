"""Folders of runs started by run.py: created, refused, and never removed if they existed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.locks import try_lock


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def pretend_run(folder: Path) -> None:
    (folder / "checkpoint").mkdir(parents=True)
    (folder / "checkpoint/last.pt").touch()
    (folder / "metrics.json").touch()


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["seed=3"],
            "seed: cannot be changed when a run is resumed with its own settings. Give only "
            "trainer.epochs, trainer.device, trainer.threads, tracking, model_from, or run it again with rerun=.",
        ),
        (
            [],
            "resume=gone: there is no gone/checkpoint/last.pt. "
            "Give the folder of a run that has started to train.",
        ),
    ],
)
def test_resume_that_cannot_be_done_is_refused(
    run_here: Callable[..., Any], overrides: list[str], sentence: str
) -> None:
    assert run_here("resume=gone", *overrides) == (2, "", f"astroclf: {sentence}\n")


def test_refused_run_leaves_no_folder(run_here: Callable[..., Any], tmp_path: Path) -> None:
    ran = run_here("optimizer.lr=-1")
    assert ran.code == 2
    assert not list((tmp_path / "outputs").glob("*/*"))


def test_folder_that_is_no_run_is_not_written_to(
    run_here: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    ran = run_here("resume=images")
    assert ran.code == 2
    assert not list((tmp_path / "images").iterdir())


@pytest.mark.parametrize("folder", [".", ".hydra", "there", "link", "new/er"])
def test_refused_run_removes_nothing_that_existed(
    run_here: Callable[..., Any], tmp_path: Path, folder: str
) -> None:
    for name in (".hydra", "there", "survey"):
        (tmp_path / name).mkdir()
    (tmp_path / ".hydra/mine.csv").touch()
    (tmp_path / "link").symlink_to("survey")
    (tmp_path / "broken").symlink_to("gone")
    before = names_in(tmp_path)
    ran = run_here(f"hydra.run.dir={folder}", "trainer.epochs=0")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: trainer.epochs=0: should be")
    assert (
        names_in(tmp_path) - {".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml"}
        == before
    )


@pytest.mark.parametrize("parent", ["runs", ".hydra"])
def test_refused_resume_removes_nothing(
    run_here: Callable[..., Any], tmp_path: Path, parent: str
) -> None:
    pretend_run(tmp_path / parent / "one")
    before = names_in(tmp_path)
    ran = run_here(f"resume={parent}/one", "seed=3")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: seed: cannot be changed when a run is resumed")
    assert names_in(tmp_path) == before


def test_folder_with_results_is_not_used_again(
    run_here: Callable[..., Any], tmp_path: Path
) -> None:
    pretend_run(tmp_path / "a b")
    ran = run_here("hydra.run.dir=a b", "seed=1")
    assert ran == (
        2,
        "",
        "astroclf: hydra.run.dir=a b holds results already (checkpoint/last.pt, metrics.json). Give another "
        """folder, or resume that run: python run.py 'resume='"'"'a b'"'"''.\n""",
    )
    assert names_in(tmp_path / "a b") == {"checkpoint", "checkpoint/last.pt", "metrics.json"}


def test_runs_started_in_the_same_second_have_different_folders(
    run_here: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []

    def pretend(run: Any) -> dict[str, float]:
        folders.append(run.folder.path)
        return {"loss": 0.0}

    monkeypatch.setattr("astroclf.tasks.task.run_task", pretend)
    assert run_here("hydra.run.dir='out/${seed}'").code == 0
    assert run_here("hydra.run.dir='out/${seed}'").code == 0
    assert folders == [tmp_path / "out/0", tmp_path / "out/0-2"]


def test_run_in_use_is_not_resumed(run_here: Callable[..., Any], tmp_path: Path) -> None:
    pretend_run(tmp_path / "one")
    lock = try_lock(tmp_path / "one/.lock")
    assert lock is not None
    with lock:
        ran = run_here("resume=one")
    assert ran == (
        2,
        "",
        f"astroclf: resume=one is in use by process {os.getpid()}. Wait for its end, or stop it.\n",
    )


def test_home_folder_is_expanded(
    run_here: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    pretend_run(tmp_path / "home/one")
    ran = run_here("hydra.run.dir='~/one'")
    assert ran.err.startswith(f"astroclf: hydra.run.dir={tmp_path}/home/one holds results already")
    ran = run_here("resume='~/one'")
    assert ran.err.startswith(f"astroclf: resume={tmp_path}/home/one: ")
    assert "last.pt" in ran.err
