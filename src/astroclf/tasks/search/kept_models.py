"""Models of the best trials of a search, for model_from=top3.

A trial writes its bundle if it is among the best so far, which few of many trials are; the search
removes it when enough better ones are complete.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from astroclf.bundle import write_bundle
from astroclf.data.dataset import TRAIN, VAL
from astroclf.errors import one_line
from astroclf.evaluation.decisions.fitting import fit_decision
from astroclf.runs.folder import RunFolder
from astroclf.runs.kept_models import KeptModels, KeptTrial, write_kept_models
from astroclf.runs.metrics import read_metrics
from astroclf.sweep.content import SweepContent
from astroclf.sweep.study import FOLDER
from astroclf.tasks.bundle_description import describe_bundle
from astroclf.tasks.labels import labels_of, plain_decision
from astroclf.tasks.reference import describe_images
from astroclf.tasks.run import Run
from astroclf.tasks.trained import Trained
from astroclf.tracking.record import now_ms

log = logging.getLogger(__name__)


def write_trial_bundle(run: Run, trained: Trained) -> None:
    """Write the bundle of a trial, with a decision fitted to val; test is not used.

    Its reference has no features of training images, which would need a further forward pass. A disk
    that is full costs the model, not the trial.
    """
    settings, training = run.settings, trained.training
    dataset, loader = training.dataset, training.loaders[VAL]
    predictor = trained.predictor(settings.evaluation.tta_views)
    logits = predictor.outputs(loader, training.loss).logits
    labels = labels_of(dataset, dataset.indices(VAL))
    train = labels_of(dataset, dataset.indices(TRAIN))
    fitted = fit_decision(settings, plain_decision(settings, dataset), logits, labels, train)
    description = describe_bundle(
        settings,
        dataset,
        predictor.preprocess,
        fitted.decision,
        read_metrics(run.folder).to_dict(),
        trained.origin,
    )
    reference = describe_images(dataset, logits, labels.targets)
    try:
        write_bundle(run.folder.bundle, predictor.network.state_dict(), description, reference)
    except OSError as error:
        log.warning("the model of this trial is not kept: %s", one_line(error))


def update_kept_models(folder: Path, content: SweepContent, n_kept: int) -> None:
    """Remove the bundles of trials that are not among the best any more, and record those that are."""
    ranked = content.ranked(content.complete)
    for trial in ranked[n_kept:]:
        shutil.rmtree(_trial_folder(folder, trial.user_attrs).bundle, ignore_errors=True)
    kept = KeptModels(
        study=content.study_name,
        objective=content.objectives[0],
        n_complete=len(ranked),
        n_kept=n_kept,
        trials=[KeptTrial(number=trial.number, value=trial.values[0]) for trial in ranked[:n_kept]],
        updated_ms=now_ms(),
    )
    write_kept_models(RunFolder(folder), kept)


def _trial_folder(folder: Path, attributes: dict[str, str]) -> RunFolder:
    return RunFolder(folder / attributes[FOLDER])
