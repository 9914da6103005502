from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.files import write_csv
from astroclf.runs.folder import RunFolder
from astroclf.sweep.overlay import write_overlay
from astroclf.tasks.comparison.compared_run import read_run
from astroclf.tasks.comparison.sweep_winner import is_sweep
from fixtures.compared_runs import make_predictions, write_run, write_seeds


@pytest.fixture
def sweep(tmp_path: Path) -> RunFolder:
    """A sweep whose best trial is number 7."""
    folder = tmp_path / "my sweep"
    (folder / "experiment").mkdir(parents=True)
    header = ["Trial 7 of the study s: accuracy 0.9 on val, the best of 12 complete trials."]
    write_overlay(folder / "experiment/best.yaml", header_lines=header, groups={}, values={})
    write_csv(folder / "trials.csv", ["number", "params_seed"], [[0, "1"], [7, "3"]])
    write_run(folder / "7", make_predictions(9))
    return RunFolder(folder)


def test_the_winner_is_compared_by_its_replicates(sweep: RunFolder) -> None:
    write_seeds(sweep.path / "replicates-of-3", [make_predictions(1, seed=9)] * 2)
    write_seeds(sweep.path / "replicates-of-7", [make_predictions(1, seed=s) for s in (4, 5, 6)])
    run = read_run(sweep)
    assert is_sweep(sweep)
    assert run.kind == "best trial of a sweep, 3 seeds"
    assert len(run.trainings) == 3
    assert run.name.endswith("my sweep")


def test_a_sweep_without_replicates_is_refused_with_their_command(sweep: RunFolder) -> None:
    with pytest.raises(UserError) as refused:
        read_run(sweep)
    message = str(refused.value)
    assert "it has no replicates" in message
    assert "experiment=best" in message
    assert "seeds=[2,4,5]" in message  # 0 is the default, 1 and 3 were searched


def test_a_sweep_without_a_complete_trial_is_refused(sweep: RunFolder) -> None:
    (sweep.path / "experiment/best.yaml").unlink()
    with pytest.raises(UserError, match="the sweep has no complete trial"):
        read_run(sweep)
