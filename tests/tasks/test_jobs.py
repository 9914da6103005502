from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from astroclf.files import read_csv
from astroclf.runs.folder import RunFolder
from astroclf.runs.jobs import FailedJob
from astroclf.runs.metrics import Metrics, write_metrics
from astroclf.tasks.jobs import jobs_content, report_jobs


def job(folder: Path, overrides: list[str], accuracy: float | None) -> JobReturn:
    """Return a job, with the results of a training where it has an accuracy."""
    folder.mkdir()
    value: object = FailedJob(2)
    if accuracy is not None:
        value = accuracy
        entry = {"accuracy": {"value": accuracy, "ci95": [accuracy - 0.1, accuracy + 0.1]}}
        content = {"val": entry, "test": entry, "run": {"train_s": 1.0}}
        write_metrics(RunFolder(folder), Metrics.of(content))
        RunFolder(folder).report.touch()
    config = OmegaConf.create({"hydra": {"runtime": {"output_dir": str(folder)}}})
    return JobReturn(
        overrides=overrides, hydra_cfg=config, status=JobStatus.COMPLETED, _return_value=value
    )


@pytest.fixture
def jobs(tmp_path: Path) -> list[JobReturn]:
    return [
        job(tmp_path / "0", ["model=cnn", "seed=1"], 0.8),
        job(tmp_path / "1", ["model=cnn", "seed=2"], None),
    ]


def test_jobs_are_described_by_the_settings_in_which_they_differ(
    jobs: list[JobReturn], tmp_path: Path
) -> None:
    content = jobs_content(tmp_path, jobs)
    assert content.common == "model=cnn"
    assert [each.settings for each in content.jobs] == ["seed=1", "seed=2"]
    assert [each.state for each in content.jobs] == ["complete", "failed"]
    assert [each.report for each in content.jobs] == ["0/report.html", ""]


def test_table_page_and_terminal_have_every_job(
    jobs: list[JobReturn], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        report_jobs(tmp_path, jobs)
    rows = read_csv(tmp_path / "jobs.csv")
    assert [row["settings"] for row in rows] == ["seed=1", "seed=2"]
    assert (rows[0]["test_accuracy"], rows[1]["test_accuracy"]) == ("0.8", "")
    assert (tmp_path / "jobs.html").is_file()
    assert "0.800 [0.700 – 0.900]" in caplog.text
    assert "failed" in caplog.text


def test_jobs_without_metrics_leave_nothing(tmp_path: Path) -> None:
    report_jobs(tmp_path, [job(tmp_path / "0", ["task=sync"], None)])
    assert [each.name for each in tmp_path.iterdir()] == ["0"]
