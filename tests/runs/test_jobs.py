from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.jobs import FailedJob, FailedJobsError, require_own_folders, require_success


def test_jobs_with_a_folder_each_are_accepted(tmp_path: Path) -> None:
    require_own_folders({0: tmp_path / "0", 1: tmp_path / "1"})


def test_jobs_that_share_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gives jobs #0 and #2 the same folder, .*/a\. Use in it"):
        require_own_folders({0: tmp_path / "a", 1: tmp_path / "b", 2: tmp_path / "a"})


def test_folder_with_results_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path).metrics.touch()
    with pytest.raises(UserError, match=r"job #3: .* holds results already \(metrics\.json\)"):
        require_own_folders({3: tmp_path})


def job(overrides: list[str], value: object) -> JobReturn:
    return JobReturn(overrides=overrides, status=JobStatus.COMPLETED, _return_value=value)


def test_failed_jobs_are_listed_by_number_and_overrides() -> None:
    jobs = [job(["seed=1"], 0.5), job(["seed=2", "model=cnn"], FailedJob(2)), job([], FailedJob(1))]
    with pytest.raises(FailedJobsError) as failed:
        require_success(jobs)
    assert str(failed.value) == "2 of 3 jobs failed: #1 (seed=2 model=cnn), #2 (no overrides)."


def test_jobs_that_succeeded_raise_nothing() -> None:
    require_success([job([], 0.5), job([], None)])
