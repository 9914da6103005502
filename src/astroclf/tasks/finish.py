"""Results of a finished training: metrics, predictions, bundle, report, tracker and summary."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from astroclf.bundle import write_bundle
from astroclf.data.dataset import TEST, TRAIN
from astroclf.device import describe_device, peak_memory_bytes
from astroclf.errors import counted
from astroclf.evaluation.results import Evaluation
from astroclf.files import shortest
from astroclf.inference.predictor import Predictor
from astroclf.models.classifier import count_parameters
from astroclf.provenance import command_line
from astroclf.reports.run.report import write_report
from astroclf.runs.metrics import RunFacts, write_metrics
from astroclf.runs.predictions import write_predictions
from astroclf.settings.metrics import METRICS
from astroclf.status import status
from astroclf.tasks.bundle_description import describe_bundle
from astroclf.tasks.logged_model import log_model
from astroclf.tasks.reference import make_reference
from astroclf.tasks.report_content import report_content
from astroclf.tasks.results import count_test_evaluations, metrics_of, predictions_of
from astroclf.tasks.run import Run
from astroclf.tasks.run_note import log_note
from astroclf.tasks.summary import summary
from astroclf.tasks.trained import Trained
from astroclf.tracking.names import metric_name, split_group

log = logging.getLogger(__name__)


@status("writing the results")
def finish(run: Run, trained: Trained, predictor: Predictor, evaluation: Evaluation) -> None:
    """Write the results of a training to its folder, the tracker and the terminal."""
    for warning in evaluation.warnings:
        run.warn(warning)
    facts = run_facts(run, trained, evaluation)
    metrics = metrics_of(evaluation, facts)
    write_metrics(run.folder, metrics)
    write_predictions(run.folder, predictions_of(evaluation))
    description = describe_bundle(
        run.settings,
        trained.training.dataset,
        predictor.preprocess,
        evaluation.decision.decision,
        metrics.to_dict(),
        trained.origin,
    )
    reference = make_reference(trained.training.dataset, evaluation, run.settings.seed)
    write_bundle(run.folder.bundle, predictor.network.state_dict(), description, reference)
    artifacts = [run.folder.metrics, run.folder.predictions, run.folder.bundle]
    if run.settings.evaluation.report:
        content = report_content(run, trained, evaluation, facts, predictor.network)
        write_report(run.folder.report, content)
        artifacts = [run.folder.report, run.folder.figures, *artifacts]
    run.tracker.log_tags({"warnings": " ".join(facts.warnings)})
    run.tracker.log_metrics(tracked_metrics(evaluation))
    run.tracker.log_artifacts(artifacts)
    log_model(run, description)
    log_note(run, evaluation)
    log.info(summary(run.settings, evaluation, closing_facts(run, trained, facts)))


def run_facts(run: Run, trained: Trained, evaluation: Evaluation) -> RunFacts:
    """Return what metrics.json holds of the run itself."""
    settings, training, positive = (
        run.settings,
        trained.training,
        trained.training.dataset.positive_class,
    )
    progress, precision = training.progress, training.precision
    parameters, trained_parameters = count_parameters(training.classifier)
    facts: dict[str, Any] = {
        "seed": settings.seed,
        "command": run.tracker.record.tags.get("command", command_line()),
        "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
        "device": describe_device(training.device),
        "images_per_s": round(progress.images_per_s, 1),
        "train_s": round(progress.train_s, 2),
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "selection_metric": f"val {METRICS[settings.trainer.monitor].label(positive)}",
        "positive_class": positive,
        "backbone": training.backbone,
        "parameters": parameters,
        "trained_parameters": trained_parameters,
        "peak_memory_mb": round(peak_memory_bytes(training.device) / 1e6),
        "precision": precision.name,
        "channels_last": precision.channels_last,
        "threads": progress.threads,
        **trained.origin,
        "decision": {
            **evaluation.decision.decision.to_dict(),
            "notes": evaluation.decision.sentences(),
        },
    }
    warnings: Sequence[str] = run.warnings
    if TEST in evaluation.splits:
        facts["test_evaluations"] = count_test_evaluations(run.folder, progress.epoch)
        warnings = [*warnings, *_repeated_test_warnings(facts["test_evaluations"])]
    return RunFacts.model_validate({**facts, "warnings": list(warnings)})


def _repeated_test_warnings(n_evaluations: int) -> list[str]:
    if n_evaluations == 1:
        return []
    return [
        f"The test split was evaluated {n_evaluations} times in this run: if its metrics led to "
        "the later trainings, they are too optimistic."
    ]


def tracked_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Return the metrics of the best weights by their names in MLflow; those of train are in
    metrics.json alone."""
    return {
        metric_name(split_group(split), metric): measured["value"]
        for split, result in evaluation.splits.items()
        for metric, measured in result.scores.overall.items()
        if measured["value"] is not None and split != TRAIN
    }


def closing_facts(run: Run, trained: Trained, facts: RunFacts) -> dict[str, str]:
    """Return the end of the summary: duration, initial weights, and the paths of the results."""
    training, folder = trained.training, shortest(run.folder.path)
    lines = {
        "trained": f"{counted(facts.epochs or 0, 'epoch')} (best: {facts.best_epoch}, by {facts.selection_metric}), "
        f"{counted(training.progress.global_step, 'step')} in {facts.train_s:.0f} s, "
        f"{facts.images_per_s:.0f} images/s on {facts.device}",
        "weights": training.initialization,
        "report": str(folder / run.folder.report.name),
        "model": str(folder / run.folder.bundle.name),
        "run folder": str(folder),
    }
    if not run.settings.evaluation.report:
        del lines["report"]
    if training.warning:
        lines["warning"] = training.warning
    return lines
