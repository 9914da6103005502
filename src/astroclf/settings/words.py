"""Settings in words of the field, for reports: the loss, the optimizer, the augmentation ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from astroclf.errors import counted
from astroclf.settings import Settings, sections

EXACT_VIEWS = {
    "none": "none",
    "flips": "random flips",
    "dihedral": "random flips and quarter turns",
}
SIMULATED = {
    "star_galaxy": "simulated stars and galaxies",
    "morphology": "simulated galaxies",
    "votes": "simulated galaxies with votes",
    "galaxy_zoo_2": "simulated galaxies with votes of Galaxy Zoo 2",
}


def title(settings: Settings, classes: tuple[str, ...], *, from_scratch: bool) -> str:
    """Return a title with the task, the network, the strategy and the data.

    from_scratch: whether all weights were random at first.
    """
    n = len(classes)
    if settings.dataset.target_kind == "votes":
        task = counted(n, "vote fraction")
    else:
        task = " / ".join(classes) if n == 2 else f"{n} classes"
    strategy = "trained from scratch" if from_scratch else STRATEGY_NAMES[settings.finetune.name]
    return f"{task}, {settings.model.name}, {strategy}, {dataset_name(settings.dataset)}"


STRATEGY_NAMES = {
    "full": "full fine-tuning",
    "classifier": "linear probe",
    "lora": "LoRA",
    "custom": "custom strategy",
}


def dataset_name(dataset: sections.Dataset) -> str:
    """Return a short name of the data: the folder, the table with its folder, or the simulation."""
    if isinstance(dataset, sections.Simulated):
        return SIMULATED[dataset.target]
    source = Path(dataset.source)
    return f"{source.parent.name}/{source.name}" if source.suffix else source.name


def describe_data(dataset: sections.Dataset) -> dict[str, str]:
    """Return what the settings state of the data: its path, the crop, and the values of its pixels."""
    words = {"data": dataset.source}
    if isinstance(dataset, sections.Simulated):
        return {"data": f"{SIMULATED[dataset.target]}, seed {dataset.seed}"}
    if isinstance(dataset, sections.GalaxyZoo):
        words["votes"] = describe_votes(dataset)
    if isinstance(dataset, sections.Files):
        cut = "the largest central square" if dataset.crop_px is None else ""
        words["crop"] = cut or f"the central {dataset.crop_px} × {dataset.crop_px} px"
    return words


def describe_votes(dataset: sections.GalaxyZoo) -> str:
    """Return the schema of the votes, and the cuts of classes with their source."""
    if dataset.target == "votes":
        return f"{dataset.vote_schema} ({dataset.schema_of_votes.source})"
    return f"{dataset.vote_schema}, classes by the cuts {dataset.vote_cuts} ({dataset.cuts.source})"


def describe_strategy(finetune: sections.Finetune) -> str:
    """Return the weights that are trained, and how."""
    if isinstance(finetune, sections.Lora):
        also = [
            part
            for is_trained, part in (
                (finetune.train_norms, "normalization layers"),
                (finetune.train_biases, "biases"),
            )
            if is_trained
        ]
        more = f", with {' and '.join(also)}" if also else ""
        return f"LoRA of rank {finetune.rank}, alpha {finetune.alpha:g}, and the head{more}"
    if isinstance(finetune, sections.HeadOnly):
        return "linear probe: the head on a frozen backbone"
    if isinstance(finetune, sections.CustomStrategy):
        return f"custom strategy {finetune.target}"
    decay = f", learning rate × {finetune.layer_decay:g} per layer" * (finetune.layer_decay != 1)
    gradual = finetune.unfreeze_epochs
    stages = f", one more stage every {counted(gradual, 'epoch')}" if gradual else ""
    return f"all weights{decay}{stages}"


def describe_loss(loss: sections.Loss) -> str:
    """Return the loss with what differs from its plain form."""
    extras = []
    if isinstance(loss, sections.Focal):
        extras.append(f"gamma {loss.gamma:g}")
        if loss.alpha is not None:
            extras.append(f"alpha {_numbers(loss.alpha)}")
    smoothing = getattr(loss, "label_smoothing", 0)
    if smoothing:
        extras.append(f"label smoothing {smoothing:g}")
    if loss.class_weights == "balanced":
        extras.append("classes weighted by their inverse frequency")
    elif loss.class_weights != "none":
        extras.append(f"class weights {_numbers(loss.class_weights)}")
    return ", ".join([LOSS_NAMES[loss.name](loss), *extras])


HEADS = {
    "auto": "",
    "tree": ", a softmax for each question",
    "sigmoid": ", a sigmoid for each answer",
}
LOSS_NAMES: Mapping[str, Callable[[Any], str]] = {
    "ce": lambda loss: "cross entropy",
    "bce": lambda loss: "binary cross entropy",
    "focal": lambda loss: f"focal loss ({loss.form})",
    "mse": lambda loss: "mean squared error" + HEADS[loss.head],
    "multinomial": lambda loss: "multinomial likelihood of the votes of each question",
    "dirichlet_multinomial": lambda loss: (
        f"Dirichlet-multinomial likelihood of the votes of each question, {loss.volunteers:g} volunteers where unknown"
    ),
    "custom": lambda loss: f"custom loss {loss.target}",
}
OPTIMIZER_NAMES = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}


def describe_optimizer(optimizer: sections.Optimizer) -> str:
    """Return the optimizer with its momentum and weight decay."""
    extras = []
    if isinstance(optimizer, sections.Sgd):
        kind = "Nesterov momentum" if optimizer.nesterov else "momentum"
        extras.append(f"{kind} {optimizer.momentum:g}")
    extras.append(f"weight decay {optimizer.weight_decay:g}")
    return ", ".join([OPTIMIZER_NAMES.get(optimizer.name, optimizer.name), *extras])


def describe_learning_rate(settings: Settings) -> str:
    """Return the largest learning rate, of the head too where it has its own."""
    head = getattr(settings.finetune, "head_lr", None)
    return f"{settings.optimizer.lr:g}" + (f", head {head:g}" if head is not None else "")


def describe_schedule(schedule: sections.Scheduler) -> str:
    """Return the schedule of the learning rate."""
    if isinstance(schedule, sections.Cosine):
        warmup = f"{schedule.warmup_epochs:g} epoch" + "s" * (schedule.warmup_epochs != 1)
        before = f" after a warm-up of {warmup}" if schedule.warmup_epochs else ""
        return f"cosine{before}, down to {schedule.final_factor:g} of it"
    if isinstance(schedule, sections.OneCycle):
        return f"one cycle, rising in the first {schedule.rise_share:.0%} of the steps"
    if isinstance(schedule, sections.Step):
        return f"× {schedule.factor:g} every {counted(schedule.every_epochs, 'epoch')}"
    if isinstance(schedule, sections.Plateau):
        patience = counted(schedule.patience, "epoch")
        return f"× {schedule.factor:g} after {patience} without improvement"
    return "constant"


def describe_augmentation(augment: sections.Augment) -> str:
    """Return the random changes of training images."""
    if isinstance(augment, sections.Sky):
        parts = ["random flip and rotation by any angle"] * augment.rotation
        parts += [f"shift up to {augment.shift_px:g} px"] * (augment.shift_px > 0)
        parts += [f"flux changed up to {augment.brightness:.0%}"] * (augment.brightness > 0)
        if augment.noise:
            sigma = "that resampling averages out" if augment.noise == "auto" else "Gaussian"
            parts.append(f"noise ({sigma})")
        return ", ".join(parts) or "none"
    if isinstance(augment, sections.CustomAugment):
        return f"custom function {augment.target}"
    return EXACT_VIEWS[augment.name]


def describe_batches(trainer: sections.Trainer) -> str:
    """Return the number of images behind one step of the optimizer."""
    n = trainer.accumulate_batches
    images = counted(trainer.batch_size, "image")
    return images if n == 1 else f"{n} × {images} (gradient accumulation)"


def describe_stopping(trainer: sections.Trainer) -> str:
    """Return the rule of early stopping."""
    if trainer.patience is None:
        return "none"
    return f"after {counted(trainer.patience, 'epoch')} without improvement"


def _numbers(values: float | tuple[float, ...]) -> str:
    several = values if isinstance(values, tuple) else (values,)
    return ", ".join(f"{value:g}" for value in several)
