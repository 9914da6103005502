"""Report of the jobs of a multirun: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from astroclf.errors import counted
from astroclf.files import write_text
from astroclf.reports.jobs.content import Job, JobsContent
from astroclf.reports.page import render_page
from astroclf.reports.run.formats import bounds, metric_title, number


def write_jobs_report(path: Path, content: JobsContent) -> None:
    """Write the page: UTF-8, self-contained, without scripts."""
    page = render_page(
        Path(__file__).parent,
        "jobs.html.j2",
        title=counted(len(content.jobs), "job"),
        facts={"common settings": content.common} if content.common else {},
        content=content,
        value=value_of,
        interval=interval_of,
        metric_title=metric_title,
    )
    write_text(path, page)


def value_of(job: Job, split: str, metric: str) -> str:
    """Return a metric with its decimals; a dash where the job has none."""
    return number(job.value(split, metric), metric)


def interval_of(job: Job, split: str, metric: str) -> str:
    """Return the interval of a metric as text, "" where there is none."""
    return bounds(job.ci95(split, metric), metric)
