"""task=compare: differences of finished runs on the images that all of them predicted."""

from __future__ import annotations

import logging

from astroclf.files import shortest
from astroclf.reports.compare.page import write_comparison_page
from astroclf.runs.comparison import write_comparison
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.comparison.compare_runs import compare_runs
from astroclf.tasks.comparison.content import stored_comparison
from astroclf.tasks.comparison.experiment import runs_of_experiment
from astroclf.tasks.comparison.page import page_content
from astroclf.tasks.comparison.table import comparison_table
from astroclf.tasks.model_from import find_runs
from astroclf.tasks.run import Run
from astroclf.tracking import closing

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Write compare.json, compare.csv and compare.html, and log the table."""
    options = run.settings.compare
    assert options is not None
    compared = compare_runs(find_folders(run.settings), run.settings)
    names = [each.name for each in compared.runs]
    with closing(run.tracker):
        run.tracker.start(
            f"compare-{len(names)}-runs", {"compare": {"runs": names}}, {"task": "compare"}
        )
        for warning in compared.common.warnings:
            run.warn(warning)
        write_comparison(run.folder, stored_comparison(compared))
        artifacts = [run.folder.comparison, run.folder.differences]
        if run.settings.evaluation.report:
            content = page_content(compared, gallery=options.gallery)
            write_comparison_page(run.folder.comparison_page, content, run.folder.figures)
            artifacts = [run.folder.comparison_page, run.folder.figures, *artifacts]
        run.tracker.log_artifacts(artifacts)
        log.info("\n%s\n", comparison_table(compared))
        log.info("%-12s%s", "table", shortest(run.folder.differences))
        if run.settings.evaluation.report:
            log.info("%-12s%s", "page", shortest(run.folder.comparison_page))


def find_folders(settings: Settings) -> list[RunFolder]:
    """Return the folders of the runs to compare."""
    assert settings.compare is not None
    if settings.compare.mlflow_experiment is not None:
        return runs_of_experiment(settings.compare.mlflow_experiment, settings)
    return find_runs(settings.compare.runs, settings)
