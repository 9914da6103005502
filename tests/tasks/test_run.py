from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from astroclf.tasks.callbacks import TRIAL_CALLBACKS
from astroclf.tasks.run import open_run


def test_a_child_has_its_own_folder_settings_and_warnings(settings: Any, tmp_path: Path) -> None:
    run = open_run(settings("seeds=[1,2]"), tmp_path)
    run.warn("of the parent")
    child = run.child("seed-1", settings("seed=1"))
    assert child.folder.path == tmp_path / "seed-1"
    assert child.folder.path.is_dir()
    assert child.settings.seed == 1
    assert child.warnings == []
    assert child.cache is run.cache
    assert child.callbacks == run.callbacks


def test_a_child_is_resumed_only_where_a_checkpoint_is(settings: Any, tmp_path: Path) -> None:
    run = open_run(settings("seeds=[1,2]"), tmp_path, resumes=True)
    checkpoint = tmp_path / "seed-1/checkpoint/last.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    assert run.child("seed-1", settings()).resumes
    assert not run.child("seed-2", settings()).resumes
    assert not replace(run, resumes=False).child("seed-1", settings()).resumes


def test_a_warning_is_logged_and_kept(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = open_run(settings(), tmp_path)
    with caplog.at_level(logging.WARNING):
        run.warn("42 images overlap.")
    assert run.warnings == ["42 images overlap."]
    assert "42 images overlap." in caplog.text


def test_a_run_without_checkpoints_is_not_resumable(settings: Any, tmp_path: Path) -> None:
    run = open_run(settings(), tmp_path)
    assert run.is_resumable
    assert not replace(run, callbacks=TRIAL_CALLBACKS).is_resumable
