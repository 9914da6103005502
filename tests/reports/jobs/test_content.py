from __future__ import annotations

from astroclf.reports.jobs.content import Job, JobsContent

HALF = {"value": 0.5, "ci95": [0.4, 0.6]}


def test_columns_are_the_metrics_that_a_job_has_with_test_first() -> None:
    jobs = [
        Job(0, "seed=1", "complete", "", {"val": {"accuracy": HALF, "loss": HALF}}),
        Job(1, "seed=2", "complete", "", {"val": {"mcc": HALF}, "test": {"accuracy": HALF}}),
    ]
    columns = JobsContent("", "", jobs).columns
    assert columns == [("test", "accuracy"), ("val", "accuracy"), ("val", "mcc")]


def test_a_metric_that_a_job_lacks_is_none() -> None:
    job = Job(0, "", "complete", "", {"val": {"accuracy": HALF}})
    assert (job.value("val", "accuracy"), job.ci95("val", "accuracy")) == (0.5, [0.4, 0.6])
    assert (job.value("test", "accuracy"), job.ci95("val", "mcc")) == (None, None)
