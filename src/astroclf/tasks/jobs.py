"""Results of the jobs of a multirun: jobs.csv, a page, and a table on the terminal."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra.core.utils import JobReturn, filter_overrides

from astroclf.errors import State, UserError
from astroclf.evaluation.intervals import Measured
from astroclf.files import shortest, write_csv
from astroclf.provenance import command_line
from astroclf.reports.jobs.content import Job, JobsContent
from astroclf.reports.jobs.report import interval_of, value_of, write_jobs_report
from astroclf.runs.folder import RunFolder
from astroclf.runs.jobs import REPORT, TABLE, FailedJob
from astroclf.runs.metrics import Metric, read_metrics
from astroclf.text_table import text_table

MOST_COLUMNS = 3  # on the terminal

log = logging.getLogger(__name__)


def report_jobs(folder: Path, jobs: Sequence[JobReturn]) -> None:
    """Write jobs.csv and jobs.html, and log the table; nothing where no job has metrics."""
    content = jobs_content(folder, jobs)
    if not content.columns:
        return
    header = ["job", "settings", "state", *map("_".join, content.columns)]
    rows = [
        [job.number, job.settings, job.state, *(job.value(*column) for column in content.columns)]
        for job in content.jobs
    ]
    write_csv(folder / TABLE, header, rows)
    write_jobs_report(folder / REPORT, content)
    log.info("\n%s\n\n%-12s%s", jobs_table(content), "jobs", shortest(folder / REPORT))


def jobs_table(content: JobsContent) -> str:
    """Return a table with one row a job: its own settings, and metrics with their intervals."""
    header = [
        "job",
        "settings",
        *(f"{split} {metric}" for split, metric in content.columns[:MOST_COLUMNS]),
    ]
    rows = [
        [
            job.number,
            job.settings or "-",
            *(_shown(job, *column) for column in content.columns[:MOST_COLUMNS]),
        ]
        for job in content.jobs
    ]
    return text_table([header, *rows])


def _shown(job: Job, split: str, metric: str) -> str:
    if job.state != State.COMPLETE:
        return job.state
    interval = interval_of(job, split, metric)
    return (
        f"{value_of(job, split, metric)} [{interval}]" if interval else value_of(job, split, metric)
    )


def jobs_content(folder: Path, jobs: Sequence[JobReturn]) -> JobsContent:
    """Return the settings and metrics of every job; folder: of the multirun."""
    overrides = [filter_overrides(job.overrides or []) for job in jobs]
    common = [each for each in overrides[0] if all(each in other for other in overrides)]
    return JobsContent(
        command=command_line(),
        common=" ".join(common),
        jobs=[
            _job(folder, number, job, [each for each in own if each not in common])
            for number, (job, own) in enumerate(zip(jobs, overrides, strict=True))
        ],
    )


def _job(folder: Path, number: int, job: JobReturn, settings: Sequence[str]) -> Job:
    own = " ".join(settings)
    if isinstance(job.return_value, FailedJob):
        return Job(number, own, State.FAILED)
    assert job.hydra_cfg is not None
    run = RunFolder(Path(job.hydra_cfg.hydra.runtime.output_dir))
    try:
        splits = read_metrics(run).splits
    except UserError:  # a task without metrics
        splits = {}
    page = os.path.relpath(run.report, folder) if run.report.is_file() else ""
    figures = {split: _measured(metrics) for split, metrics in splits.items()}
    return Job(number, own, State.COMPLETE, page, figures)


def _measured(metrics: Mapping[str, Metric]) -> dict[str, Measured]:
    return {name: {"value": each.value, "ci95": each.ci95} for name, each in metrics.items()}
