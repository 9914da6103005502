from __future__ import annotations

from pathlib import Path

import optuna

from astroclf.settings import sections
from astroclf.tasks.search.tracked import end_tracking
from astroclf.tracking import open_tracker
from astroclf.tracking.record import read_record

NONE = sections.Untracked(name="none")


def begun(folder: Path) -> Path:
    folder.mkdir()
    open_tracker(NONE, folder).start("name", {}, {})
    return folder


def test_trials_whose_process_was_killed_are_closed_and_those_under_way_are_not(
    tmp_path: Path,
) -> None:
    study = optuna.create_study()
    for _ in range(2):
        study.ask()
    study.tell(0, state=optuna.trial.TrialState.FAIL)
    for number in range(2):
        begun(tmp_path / str(number))
    parent = open_tracker(NONE, tmp_path)
    parent.start("sweep", {}, {})
    end_tracking(NONE, tmp_path, study, parent, is_whole=False)
    records = [read_record(tmp_path / name) for name in ("", "0", "1")]
    assert [(each.status, each.reason) for each in records if each is not None] == [
        ("KILLED", "some of its trials have not finished"),
        ("KILLED", "its process was killed"),
        ("RUNNING", ""),
    ]
