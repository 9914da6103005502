"""task=evaluate: metrics of a trained model on labeled images."""

from __future__ import annotations

import logging
from pathlib import Path

from astroclf.bundle import Bundle
from astroclf.files import shortest
from astroclf.provenance import command_line, provenance
from astroclf.reports.run.report import write_report
from astroclf.runs.metrics import write_metrics
from astroclf.runs.predictions import write_predictions
from astroclf.runs.settings import write_settings
from astroclf.status import status
from astroclf.tasks.evaluation_report import evaluation_facts, report_content
from astroclf.tasks.evaluation_summary import summarize_evaluation
from astroclf.tasks.model_evaluation import ModelEvaluation, evaluate_model
from astroclf.tasks.model_from import open_model
from astroclf.tasks.model_from.opening import CHOSEN
from astroclf.tasks.report_content import METRICS_LINK, PREDICTIONS_LINK
from astroclf.tasks.results import metrics_of, predictions_of
from astroclf.tasks.run import Run
from astroclf.tracking import closing
from astroclf.tracking.names import metric_name

log = logging.getLogger(__name__)
# What is recorded as parameters of the run: the rest of the settings is of trainings.
PARAMETERS = {"seed", "task", "model_from", "evaluate", "dataset", "evaluation"}


def main(run: Run) -> None:
    """Evaluate the model of `model_from` on the images of the data set, and write the results."""
    model = open_model(run.settings)
    with closing(run.tracker):
        origin = provenance()
        write_settings(run.folder, run.settings)
        run.tracker.start(
            run_name(run),
            run.settings.model_dump(include=PARAMETERS),
            {**origin, "task": run.settings.task.name, CHOSEN: describe(model, run)},
        )
        evaluated = evaluate_model(model, run.settings)
        dataset = evaluated.dataset
        source = run.settings.dataset
        run.tracker.log_dataset(source.name, source.source, dataset.fingerprint)
        if note := evaluated.images.seen.note():
            log.info(note)
        for warning in evaluated.evaluation.warnings:
            run.warn(warning)
        write_results(run, model, evaluated, origin)


def run_name(run: Run) -> str:
    """Return a name such as `evaluate-10-15-00-star_galaxy_sdss`."""
    models = "-".join(Path(name).name for name in run.settings.model_from or ())
    return f"evaluate-{models}-{Path(run.settings.dataset.source).stem}"


@status("writing the results")
def write_results(
    run: Run, model: Bundle, evaluated: ModelEvaluation, origin: dict[str, str]
) -> None:
    """Write metrics.json, predictions.csv and report.html, and show the table of metrics."""
    evaluation, folder = evaluated.evaluation, run.folder
    facts = evaluation_facts(
        run.settings, model, evaluated, {**origin, "model": describe(model, run)}
    )
    facts = facts.model_copy(update={"warnings": list(run.warnings)})
    shift = None if evaluated.shift is None else evaluated.shift.to_dict()
    write_metrics(folder, metrics_of(evaluation, facts, shift))
    write_predictions(folder, predictions_of(evaluation))
    artifacts = [folder.metrics, folder.predictions]
    if run.settings.evaluation.report:
        page = report_content(
            run.settings,
            evaluated,
            facts,
            command=run.tracker.record.tags.get("command", command_line()),
            links={PREDICTIONS_LINK: folder.predictions.name, METRICS_LINK: folder.metrics.name},
        )
        write_report(folder.report, page)
        artifacts = [folder.report, folder.figures, *artifacts]
    run.tracker.log_tags({"warnings": " ".join(run.warnings)})
    run.tracker.log_metrics(tracked_metrics(evaluated))
    run.tracker.log_artifacts(artifacts)
    resamples = run.settings.evaluation.bootstrap_resamples
    paths = {
        "model": describe(model, run),
        **({"report": str(shortest(folder.report))} if run.settings.evaluation.report else {}),
        "predictions": str(shortest(folder.predictions)),
        "run folder": str(shortest(folder.path)),
    }
    log.info(summarize_evaluation(evaluated, paths, has_intervals=resamples > 0))


def describe(model: Bundle, run: Run) -> str:
    """Return the folder of the bundle, and why it was chosen; the name that was given as a last resort."""
    return model.provenance.get(CHOSEN) or ", ".join(run.settings.model_from or ())


def tracked_metrics(evaluated: ModelEvaluation) -> dict[str, float]:
    """Return the metrics of each part by their names in MLflow, such as `new/accuracy`."""
    return {
        metric_name(part, metric): measured["value"]
        for part, result in evaluated.evaluation.splits.items()
        for metric, measured in result.scores.overall.items()
        if measured["value"] is not None
    }
