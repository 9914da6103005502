"""Content of the report of the jobs of a multirun; `report.write_jobs_report` turns it into a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from astroclf.evaluation.intervals import Measured
from astroclf.reports.run.formats import MAIN_METRICS


@dataclass(frozen=True)
class Job:
    """One job.

    settings: the overrides in which the jobs differ. state: "complete" or "failed". report: relative
    address of its page, "" without one. figures: split -> metric -> value with its interval.
    """

    number: int
    settings: str
    state: str
    report: str = ""
    figures: Mapping[str, Mapping[str, Measured]] = field(default_factory=dict)

    def value(self, split: str, metric: str) -> float | None:
        """Return a metric, None where the job has none."""
        return self._figure(split, metric)["value"]

    def ci95(self, split: str, metric: str) -> Sequence[float] | None:
        """Return the interval of a metric, None where there is none."""
        return self._figure(split, metric)["ci95"]

    def _figure(self, split: str, metric: str) -> Measured:
        return self.figures.get(split, {}).get(metric, {"value": None, "ci95": None})


@dataclass(frozen=True)
class JobsContent:
    """Jobs of one command.

    command: that of the shell. common: the overrides of all jobs.
    """

    command: str
    common: str
    jobs: Sequence[Job]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(split, metric) of the columns: those that a job has, test before val."""
        return [
            (split, metric)
            for split in ("test", "val")
            for metric in MAIN_METRICS
            if any(metric in job.figures.get(split, {}) for job in self.jobs)
        ]
