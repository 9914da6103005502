from __future__ import annotations

from pathlib import Path
from typing import Any

from astroclf.reports.jobs.content import Job, JobsContent
from astroclf.reports.jobs.report import interval_of, value_of, write_jobs_report

DONE = Job(
    0, "seed=1", "complete", "0/report.html",
    {"test": {"accuracy": {"value": 0.91234, "ci95": [0.9, 0.95]}}},
)  # fmt: skip
FAILED = Job(1, "model=<b>", "failed")


def test_the_page_has_a_row_for_each_job(tmp_path: Path, read_page: Any) -> None:
    content = JobsContent("python run.py -m seed=1,2", "model=cnn", [DONE, FAILED])
    write_jobs_report(tmp_path / "jobs.html", content)
    page = read_page(tmp_path / "jobs.html")
    page.check_self_contained()
    for part in ("2 jobs", "python run.py -m seed=1,2", "seed=1", "0.912", "0.900 – 0.950"):
        assert part in page.text
    assert "model=<b>" in page.text
    assert "failed" in page.text
    assert 'href="0/report.html"' in (tmp_path / "jobs.html").read_text()


def test_a_failed_job_has_dashes() -> None:
    assert (value_of(FAILED, "test", "accuracy"), interval_of(FAILED, "test", "accuracy")) == (
        "–",
        "",
    )
