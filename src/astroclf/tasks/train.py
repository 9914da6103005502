"""task=train: train a classifier, evaluate it on every split, and write the results."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.device import choose_device
from astroclf.errors import UserError
from astroclf.evaluation.scoring import Scorer
from astroclf.interruption import interrupted_while
from astroclf.provenance import provenance
from astroclf.runs.checkpoint import Checkpoint, read_checkpoint
from astroclf.runs.settings import write_settings
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.build import prepare
from astroclf.tasks.data_checks import check_data
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.debug import debug_callbacks, debug_dataset, debug_settings, detect_anomaly
from astroclf.tasks.evaluation import evaluate
from astroclf.tasks.finish import finish
from astroclf.tasks.labels import labels_of, plain_decision
from astroclf.tasks.run import Run
from astroclf.tasks.startup import describe_resume, describe_training, start_tracking
from astroclf.tasks.trained import Trained
from astroclf.tasks.training import Training
from astroclf.tracking import closing
from astroclf.training.loop import fit

log = logging.getLogger(__name__)

# State of a run that is interrupted after its last step.
EVALUATION_LEFT = "all epochs are done, the evaluation is left"


def main(run: Run) -> dict[str, float]:
    """Run task=train; return the metrics and costs that a search may optimize."""
    return train_and_evaluate(run).measured


def train_and_evaluate(run: Run, dataset: ImageDataset | None = None) -> Trained:
    """Train as `train` does, evaluate the best weights on every split, and write the results."""
    with closing(run.tracker):
        trained = train(run, dataset)
        training = trained.training
        with interrupted_while(EVALUATION_LEFT):
            log.info("evaluating the weights of epoch %d", training.progress.best_epoch)
            predictor = trained.predictor(run.settings.evaluation.tta_views)
            evaluation = evaluate(predictor, training.loaders, training.dataset, run.settings)
            finish(run, trained, predictor, evaluation)
    return trained


def train(run: Run, dataset: ImageDataset | None = None) -> Trained:
    """Train in the folder of the run, or resume the training there; the test split is not used.

    dataset: the images, if they are not those that the settings name. The run is started in its
    tracker; the caller closes it.

    Raises Interrupted after SIGINT or SIGTERM, with the state written by the callbacks of the run,
    and Pruned if a callback prunes the trial.
    """
    settings = debug_settings(run.settings)
    stored = read_checkpoint(run.folder) if run.resumes else None
    device = choose_device(settings.trainer.device)
    is_repeatable = dataset is None  # from its settings alone
    if dataset is None:
        dataset = debug_dataset(settings, get_dataset(settings, run.cache))
    require_same_data(stored, dataset, run.folder.path)
    if is_repeatable:
        write_settings(run.folder, run.settings)
    run.warnings.extend(check_data(run, dataset))
    if stored is not None:
        log.info(describe_resume(stored, settings))
    training = prepare(settings, dataset, device, stored, run.cache)
    if training.warning:
        run.warn(training.warning)
    log.info(describe_training(settings, training))
    code = run.cache.get_or_create("origin", None, provenance)
    origin = {**code, "dataset_fingerprint": dataset.fingerprint}
    start_tracking(run, dataset, origin, training.backbone)
    callbacks = [*training.callbacks, *(make(run, training) for make in run.callbacks)]
    callbacks += debug_callbacks(run)
    with interrupted_while(EVALUATION_LEFT), detect_anomaly(settings):
        validate = make_validation(settings, dataset, training)
        fit(training.learner, training.loaders[TRAIN], callbacks, validate)
    return Trained(training, origin, training.measured(settings.search.objective_epoch))


def make_validation(
    settings: Settings, dataset: ImageDataset, training: Training
) -> Callable[[], dict[str, float]]:
    """Return the function that computes the metrics of the validation split."""
    decision, scorer = plain_decision(settings, dataset), Scorer.from_settings(settings)
    labels = labels_of(dataset, dataset.indices(VAL))

    @status("validating")
    def validate() -> dict[str, float]:
        outputs = training.predictor.outputs(training.loaders[VAL], training.loss)
        return scorer.values(decision.predict(outputs.logits), labels, outputs.losses)

    return validate


def require_same_data(stored: Checkpoint | None, dataset: ImageDataset, folder: Path) -> None:
    """Raise UserError if a run is resumed with other images, labels or splits."""
    if stored is not None and stored.fingerprint != dataset.fingerprint:
        raise UserError(
            f"resume={folder}: the images, labels or splits have changed since this run started. Start a new run."
        )
