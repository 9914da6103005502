"""Train a classifier, evaluate it, and write the results."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.device import choose_device, describe_device
from astroclf.errors import UserError
from astroclf.evaluation.scoring import Scorer
from astroclf.interruption import interrupted_while
from astroclf.models.classifier import count_parameters
from astroclf.provenance import provenance
from astroclf.runs.checkpoint import Checkpoint, read_checkpoint
from astroclf.runs.settings import write_settings
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.build import make_plan, prepare
from astroclf.tasks.data_checks import check_data
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.debug import (
    debug_callbacks,
    debug_dataset,
    debug_settings,
    detect_anomaly,
)
from astroclf.tasks.finish import evaluate_and_finish
from astroclf.tasks.labels import labels_of, plain_decision
from astroclf.tasks.run import Run
from astroclf.tasks.trained import Trained
from astroclf.tasks.training import Training
from astroclf.text_table import text_table
from astroclf.tracking import closing
from astroclf.training.loop import fit

log = logging.getLogger(__name__)

# State of a run that is interrupted after its last step.
EVALUATION_LEFT = "all epochs are done, the evaluation is left"


def train(run: Run, dataset: ImageDataset | None = None) -> dict[str, float]:
    """Train in the folder of the run, or resume the training there.

    dataset: the images, if they are not those that the settings name. A trial leaves its history
    and the figures of its epochs only, and never evaluates test.

    Returns what a search may optimise (see `Training.measured`). Raises Interrupted after Ctrl-C and
    SIGTERM, with the state kept, and Pruned if the trial should end.
    """
    settings, tracker = debug_settings(run.settings), run.tracker
    stored = read_checkpoint(run.folder) if run.resumes else None
    device = choose_device(settings.trainer.device)
    is_repeatable = dataset is None  # from its settings alone
    if dataset is None:
        dataset = debug_dataset(settings, get_dataset(settings, run.cache))
    require_same_data(stored, dataset, run.folder.path)
    if is_repeatable:
        write_settings(run.folder, run.settings)
    run.warnings.extend(check_data(run, dataset))
    origin = {
        **run.cache.get_or_create("origin", None, provenance),
        "dataset_fingerprint": dataset.fingerprint,
    }
    if stored is not None:
        log.info(describe_stop(stored, settings))
    training = prepare(settings, dataset, device, stored, run.cache)
    if training.warning:
        run.warn(training.warning)
    log.info(describe_setup(settings, training))
    with closing(tracker):
        source = {"mlflow.source.name": "run.py", "mlflow.source.git.commit": origin["git_commit"]}
        tracker.start(
            run_name(settings, dataset.fingerprint),
            settings.model_dump(exclude={"search"}),
            {**origin, **source},
        )
        tracker.log_dataset(settings.dataset.name, dataset_source(settings), dataset.fingerprint)
        tracker.log_tags({"backbone": training.backbone, "warnings": " ".join(run.warnings)})
        callbacks = [*training.callbacks, *(make(run, training) for make in run.callbacks)]
        callbacks += debug_callbacks(run)
        with interrupted_while(EVALUATION_LEFT), detect_anomaly(settings):
            validate = make_validation(settings, dataset, training)
            fit(training.learner, training.loaders[TRAIN], callbacks, validate)
        figures = training.measured(settings.search.objective_epoch)
        if run.is_evaluated:
            with interrupted_while(EVALUATION_LEFT):
                evaluate_and_finish(run, Trained(training, origin))
    return figures


def make_validation(
    settings: Settings, dataset: ImageDataset, training: Training
) -> Callable[[], dict[str, float]]:
    """Return the function that computes the metrics of the validation split."""
    decision, scorer = plain_decision(settings, dataset), Scorer.from_settings(settings)
    labels = labels_of(dataset, dataset.indices(VAL))

    @status("validating")
    def validate() -> dict[str, float]:
        logits, losses = training.predictor.outputs(training.loaders[VAL], training.loss)
        return scorer.values(decision.predict(logits), labels, losses)

    return validate


def describe_stop(stored: Checkpoint, settings: Settings) -> str:
    """Return one line on the position of a resumed run, and on how to train it further."""
    progress, plan = stored.progress, make_plan(settings.trainer)
    if progress.epoch >= plan.epochs:
        return f"{progress.epoch} of {progress.epoch} epochs are done; evaluating again. Set trainer.epochs=<more> to continue training."
    if progress.epoch_step == 0 and plan.steps_to_limit(progress.global_step) == 0:
        return f"all {progress.global_step} steps are done; evaluating again. Set trainer.max_steps=<more> to continue training."
    return (
        f"resuming in epoch {progress.epoch + 1} of {plan.epochs}, after step {progress.epoch_step}"
    )


def require_same_data(stored: Checkpoint | None, dataset: ImageDataset, folder: Path) -> None:
    """Raise UserError if a run is resumed with other images, labels or splits."""
    if stored is not None and stored.fingerprint != dataset.fingerprint:
        raise UserError(
            f"resume={folder}: the images, labels or splits have changed since this run started. Start a new run."
        )


def run_name(settings: Settings, fingerprint: str) -> str:
    """Return a name with the settings in which runs differ most often: `cnn-full-ce-dihedral-simulated-1a2b3c-seed0`.

    fingerprint: of the dataset, so that runs of different images have different names.
    """
    chosen = (settings.model, settings.finetune, settings.loss, settings.augment)
    data = f"{Path(dataset_source(settings)).stem}-{fingerprint[:6]}"
    return "-".join([*(group.name for group in chosen), data, f"seed{settings.seed}"])


def dataset_source(settings: Settings) -> str:
    """Return the source of the images: a folder, a table, or the word `simulated`."""
    values = settings.dataset.model_dump()
    return str(values.get("root") or values.get("table") or values["name"])


def describe_setup(settings: Settings, training: Training) -> str:
    """Return the startup summary: model, device, trainable parameters, learning rates."""
    precision, device = training.precision, training.device
    parameters, trained = count_parameters(training.classifier)
    groups: dict[str, float] = {}
    for group in training.learner.optimizer.param_groups:
        groups.setdefault(group["name"], group.get("initial_lr", group["lr"]))
    frozen_buffers = sum(
        f"{name}" in training.classifier.frozen for name, _ in training.classifier.named_buffers()
    )
    rates = ", ".join(f"{name} {lr:.3g}" for name, lr in groups.items())
    rows = [
        (
            "model",
            f"{settings.model.name}, {training.initialization}; {describe_device(device)}, {precision}",
        ),
        ("parameters", f"{parameters:,}"),
        ("trained", f"{trained:,} ({trained / parameters:.1%}), finetune={settings.finetune.name}"),
        ("frozen buffers", str(frozen_buffers)),
        ("learning rates", rates),
    ]
    return text_table(rows)
