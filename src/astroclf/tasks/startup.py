"""Start of a training: its name, its run in the tracker, and the lines on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from astroclf.bundle import Bundle
from astroclf.data.dataset import ImageDataset
from astroclf.device import describe_device
from astroclf.models.classifier import count_parameters
from astroclf.provenance import provenance
from astroclf.runs.checkpoint import Checkpoint
from astroclf.settings import Settings
from astroclf.tasks.build import make_plan
from astroclf.tasks.run import Run
from astroclf.tasks.training import Training
from astroclf.text_table import text_table

# Settings of a task that does not train, beside the group of its own name.
USE_SETTINGS = ("task", "model_from", "lookup", "dataset", "evaluation", "seed")


def start_tracker(run: Run, name: str, origin: Mapping[str, str]) -> None:
    """Start the tracker with the settings of the run, its origin, and a name unless the user gave one."""
    source = {"mlflow.source.name": "run.py", "mlflow.source.git.commit": origin["git_commit"]}
    settings = run.settings
    tags = {"task": settings.task.name, "dataset": settings.dataset.name, **origin, **source}
    run.tracker.start(name, settings.model_dump(exclude={"search"}), tags)


def start_use(run: Run, model: Bundle | None = None) -> None:
    """Start the tracker of a task that does not train, with the tags `task` and `model_from`.

    model: as `open_model` returned it. Settings of a training, which the task does not use, are left
    out.
    """
    settings = run.settings
    parameters = settings.model_dump(include={*USE_SETTINGS, settings.task.name})
    tags = {"task": settings.task.name, **provenance()}
    if model is not None:
        tags["model_from"] = model.provenance.get("model_from", "")
    run.tracker.start(settings.task.name, parameters, tags)


def start_tracking(
    run: Run, dataset: ImageDataset, origin: Mapping[str, str], backbone: str
) -> None:
    """Start the run in its tracker.

    origin: commit, versions and fingerprint of the data. backbone: origin of its first weights.
    """
    settings, tracker = run.settings, run.tracker
    start_tracker(run, run_name(settings, dataset.fingerprint), origin)
    tracker.log_dataset(settings.dataset.name, settings.dataset.source, dataset.fingerprint)
    tracker.log_tags({"backbone": backbone, "warnings": " ".join(run.warnings)})


def run_name(settings: Settings, fingerprint: str) -> str:
    """Return a name with the settings in which runs differ most often: `cnn-full-ce-dihedral-simulated-1a2b3c-seed0`.

    fingerprint: of the dataset, so that runs of different images have different names.
    """
    chosen = (settings.model, settings.finetune, settings.loss, settings.augment)
    data = f"{Path(settings.dataset.source).stem}-{fingerprint[:6]}"
    return "-".join([*(group.name for group in chosen), data, f"seed{settings.seed}"])


def describe_training(settings: Settings, training: Training) -> str:
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


def describe_resume(stored: Checkpoint, settings: Settings) -> str:
    """Return one line on the position of a resumed run, and on how to train it further."""
    progress, plan = stored.progress, make_plan(settings.trainer)
    if progress.epoch >= plan.epochs:
        return f"{progress.epoch} of {progress.epoch} epochs are done; evaluating again. Set trainer.epochs=<more> to continue training."
    if progress.epoch_step == 0 and plan.steps_to_limit(progress.global_step) == 0:
        return f"all {progress.global_step} steps are done; evaluating again. Set trainer.max_steps=<more> to continue training."
    return (
        f"resuming in epoch {progress.epoch + 1} of {plan.epochs}, after step {progress.epoch_step}"
    )
