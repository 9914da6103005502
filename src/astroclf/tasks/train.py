"""Train a classifier, evaluate it, and write the results."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from torch import Tensor

from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.device import choose_device, describe_device
from astroclf.errors import Interrupted, UserError
from astroclf.interruption import graceful_interrupt, interrupted_while
from astroclf.models.classifier import count_parameters
from astroclf.provenance import provenance
from astroclf.redaction import redact_values
from astroclf.runs.folder import RunFolder
from astroclf.runs.history import append_history, write_history
from astroclf.runs.metrics import write_metrics
from astroclf.runs.settings import write_settings
from astroclf.settings import Settings, sections
from astroclf.settings.metrics import METRICS
from astroclf.status import duration, status
from astroclf.tasks.build import Setup, prepare
from astroclf.tasks.data_checks import check_data
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.decide import plain_decision
from astroclf.tasks.figures import measured_figures, trial_metrics
from astroclf.tasks.outcome import report_outcome
from astroclf.tasks.run import Run
from astroclf.tasks.scores import Scoring
from astroclf.tracking import closing
from astroclf.training.checkpoint import random_states, read_checkpoint, write_checkpoint
from astroclf.training.loop import fit, goes_on, steps_left
from astroclf.training.progress import Progress

log = logging.getLogger(__name__)

# Where a run is that is interrupted after its last step.
EVALUATION_LEFT = "all epochs are done, the evaluation is left"


def train(run: Run, dataset: ImageDataset | None = None) -> dict[str, float]:
    """Train in the folder of the run, or resume the training there.

    dataset: the images, if they are not those that the settings name. A trial leaves its history
    and the figures of its epochs only, and never looks at test.

    Returns what a search may optimise (see `measured_figures`). Raises Interrupted after Ctrl-C and
    SIGTERM, with the state kept, and Pruned if the trial should end.
    """
    settings, tracker = run.settings, run.tracker
    stored = read_checkpoint(run.folder.path) if run.resumes else None
    device = choose_device(settings.trainer.device)
    is_repeatable = dataset is None  # from its settings alone
    if dataset is None:
        dataset = get_dataset(settings, run.cache)
    require_same_data(stored, dataset, run.folder.path)
    if is_repeatable:
        write_settings(run.folder, settings)
    run.warnings.extend(check_data(run, dataset))
    origin = {
        **run.cache.get_or_create("origin", None, provenance),
        "dataset_fingerprint": dataset.fingerprint,
    }
    if stored is not None:
        log.info(describe_stop(stored, settings))
    setup = prepare(settings, dataset, device, stored, run.cache)
    if setup.warning:
        run.warn(setup.warning)
    log.info(describe_setup(settings, setup))
    with closing(tracker):
        source = {"mlflow.source.name": "run.py", "mlflow.source.git.commit": origin["git_commit"]}
        tracker.start(
            run_name(settings, dataset.fingerprint),
            settings.model_dump(exclude={"search"}),
            {**origin, **source},
        )
        tracker.log_dataset(settings.dataset.name, dataset_source(settings), dataset.fingerprint)
        tracker.log_tags({"backbone": setup.backbone, "warnings": " ".join(run.warnings)})
        best = fit_and_keep(settings, dataset, setup, Keeper(run, setup, dataset))
        figures = measured_figures(setup, settings.search.objective_epoch)
        if run.trial is None:
            with interrupted_while(EVALUATION_LEFT):
                report_outcome(run, dataset, setup, best, origin)
    return figures


class Keeper:
    """Writer of the state of a training to its folder, and of its epochs to the tracker."""

    def __init__(self, run: Run, setup: Setup, dataset: ImageDataset) -> None:
        self.settings = run.settings
        self.positive_class = dataset.positive_class
        self.trial = run.trial
        self.setup = setup
        self.folder = run.folder.path
        self.tracker = run.tracker
        self.constant = {
            "config": redact_values(run.settings.model_dump(mode="json")),
            "fingerprint": dataset.fingerprint,
            "backbone": setup.backbone,
            "frozen_hash": setup.frozen_hash,
            "warning": setup.warning,
            "device_type": setup.learner.device.type,
            "preprocess": setup.preprocess.to_dict(),
            "numerics": setup.numerics.to_dict(),
        }
        self.best = setup.best

    def begin(self) -> None:
        """Keep the state before the first step, and the history as far as it is certain."""
        self.store()
        write_history(RunFolder(self.folder), self.setup.progress.history)
        for row in self.setup.progress.history:  # a kill may have left some of them unsent
            self.tracker.log_metrics(tracked_metrics(row), step=int(row["epoch"]))

    def store(self) -> None:
        """Write the checkpoint. A trial has none: it is short, and tried again if it was killed."""
        if self.trial is not None:
            return
        changing = {
            "learner": self.setup.learner.state_dict(),
            "best": self.best,
            "progress": self.setup.progress.to_dict(),
            "random_states": random_states(),
        }
        write_checkpoint(self.folder, {**self.constant, **changing})

    def end_epoch(self, best: dict[str, Tensor]) -> None:
        self.best = best
        progress = self.setup.progress
        self.setup.threads.adjust()
        progress.record_threads(self.setup.threads.number)
        self.store()
        row = progress.history[-1]
        append_history(RunFolder(self.folder), row)
        is_best = progress.best_epoch == progress.epoch
        tracked = tracked_metrics(row)
        if is_best and self.trial is not None:  # other runs are measured once more when they end
            best_values = {f"best_{name}": row[name] for name in row if name.startswith("val_")}
            self.tracker.log_metrics(best_values)
        self.tracker.log_metrics(tracked, step=progress.epoch)
        log.info(epoch_line(self.settings.trainer, progress, self.positive_class))
        if self.trial is not None:
            metrics = trial_metrics(self.setup, self.settings.search.objective_epoch)
            write_metrics(RunFolder(self.folder), metrics)
            self.trial.report(progress.epoch, row[f"val_{self.settings.trainer.monitor}"])


def fit_and_keep(
    settings: Settings, dataset: ImageDataset, setup: Setup, keeper: Keeper
) -> dict[str, Tensor]:
    """Train with a checkpoint before the first epoch and after each; returns the best weights."""
    scoring = Scoring(dataset, plain_decision(settings, dataset), settings)

    @status("validating")
    def validate() -> dict[str, float]:
        return scoring.quick(VAL, setup.predictor.outputs(setup.batches[VAL], setup.loss))

    keeper.begin()
    with graceful_interrupt() as stop:
        try:
            return fit(
                setup.learner,
                setup.batches[TRAIN],
                validate,
                keeper.end_epoch,
                settings=settings.trainer,
                augment=settings.augment,
                seed=settings.seed,
                higher_is_better=METRICS[settings.trainer.monitor].higher_is_better,
                progress=setup.progress,
                best=setup.best,
                stop=stop,
            )
        except Interrupted as interrupted:
            keeper.store()
            progress = setup.progress
            in_epoch = f"epoch {progress.epoch + 1}, step {progress.step}"
            interrupted.state = in_epoch if goes_on(settings.trainer, progress) else EVALUATION_LEFT
            raise


def describe_stop(stored: dict[str, Any], settings: Settings) -> str:
    """One line: where a resumed run had come to."""
    progress, trainer = Progress(**stored["progress"]), settings.trainer
    if progress.epoch >= trainer.epochs:
        return f"{progress.epoch} of {progress.epoch} epochs are done: give trainer.epochs=<more> to train on; evaluating again"
    if progress.step == 0 and steps_left(trainer, progress) == 0:
        return f"all {progress.steps} steps are done: give trainer.max_steps=<more> to train on; evaluating again"
    return f"going on in epoch {progress.epoch + 1} of {trainer.epochs}, after its step {progress.step}"


def require_same_data(stored: dict[str, Any] | None, dataset: ImageDataset, folder: Path) -> None:
    if stored is not None and stored["fingerprint"] != dataset.fingerprint:
        raise UserError(
            f"resume={folder}: the images, labels or splits have changed since this run began; start it anew."
        )


def tracked_metrics(row: dict[str, float]) -> dict[str, float]:
    """Return the metrics of a row of the history."""
    return {name: value for name, value in row.items() if name != "epoch"}


def run_name(settings: Settings, fingerprint: str) -> str:
    """Return what runs differ in most often: `cnn-full-ce-dihedral-simulated-1a2b3c-seed0`.

    fingerprint: of the dataset, so that runs of different images have different names.
    """
    chosen = (settings.model, settings.finetune, settings.loss, settings.augment)
    data = f"{Path(dataset_source(settings)).stem}-{fingerprint[:6]}"
    return "-".join([*(group.name for group in chosen), data, f"seed{settings.seed}"])


def dataset_source(settings: Settings) -> str:
    """Return the source of the images: a folder, a table, or the word `simulated`."""
    values = settings.dataset.model_dump()
    return str(values.get("root") or values.get("table") or values["name"])


def describe_setup(settings: Settings, setup: Setup) -> str:
    """Five lines: the network, what it runs on, and what of it trains how fast."""
    numerics, device = setup.numerics, setup.learner.device
    parameters, trained = count_parameters(setup.classifier)
    groups: dict[str, float] = {}
    for group in setup.learner.optimizer.param_groups:
        groups.setdefault(group["name"], group.get("initial_lr", group["lr"]))
    frozen_buffers = sum(
        f"{name}" in setup.classifier.frozen for name, _ in setup.classifier.named_buffers()
    )
    rates = ", ".join(f"{name} {lr:.3g}" for name, lr in groups.items())
    return "\n".join(
        [
            f"model           {settings.model.name}, {setup.initialization}; {describe_device(device)}, {numerics}",
            f"parameters      {parameters:,}",
            f"trained         {trained:,} ({trained / parameters:.1%}), finetune={settings.finetune.name}",
            f"frozen buffers  {frozen_buffers}",
            f"learning rates  {rates}",
        ]
    )


def epoch_line(trainer: sections.Trainer, progress: Progress, positive_class: str | None) -> str:
    """Return the losses and first metrics of the last epoch, and the time left, in one line."""
    row = progress.history[-1]
    shown = [trainer.monitor, "accuracy", "macro_f1", "rmse"]
    names = [name for name in dict.fromkeys(shown) if name != "loss" and f"val_{name}" in row]
    metrics = "  ".join(
        f"{METRICS[name].label(positive_class)} {row[f'val_{name}']:.4f}" for name in names
    )
    line = (
        f"epoch {row['epoch']:>3}/{trainer.epochs}  train loss {row['train_loss']:.4f}  "
        f"val loss {row['val_loss']:.4f}  {metrics}  {row['time_s']:.1f} s"
    )
    left_s = progress.remaining_s(trainer.epochs, trainer.max_steps)
    if left_s > 0:
        line += f", {duration(left_s)} left"
    if progress.best_epoch == progress.epoch:
        line += f"  best (val {METRICS[trainer.monitor].label(positive_class)})"
    return line
