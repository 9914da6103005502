from __future__ import annotations

import signal
from pathlib import Path

import pytest

from astroclf.errors import Interrupted
from astroclf.runs.folder import RunFolder
from astroclf.runs.interrupted import describe_interrupt


def test_run_with_a_checkpoint_is_resumed_by_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(tmp_path / "a run")
    folder.checkpoint.parent.mkdir(parents=True)
    folder.checkpoint.touch()
    sentence = describe_interrupt(Interrupted(signal.SIGINT, "epoch 3, step 4"), folder.path)
    assert sentence.startswith(
        "Interrupted by SIGINT (epoch 3, step 4). Resume with: python run.py "
    )
    assert sentence.endswith("a run'\"'\"''")


@pytest.mark.parametrize("has_folder", [True, False])
def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path, has_folder: bool) -> None:
    folder = tmp_path if has_folder else None
    assert describe_interrupt(Interrupted(signal.SIGTERM), folder) == (
        "Interrupted by SIGTERM. There is nothing to resume yet: start the same command again."
    )
