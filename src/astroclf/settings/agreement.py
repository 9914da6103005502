"""Checks of settings of several sections against each other."""

from __future__ import annotations

from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.settings.groups import choices_of
from astroclf.settings.metrics import CLASSES, VOTES, TargetKind, metric_names
from astroclf.settings.tree import Settings

FEWEST_FOLDS = 3
KINDS = {CLASSES: "classes", VOTES: "vote fractions"}


def check_agreement(settings: Settings) -> None:
    """Raise UserError for the first combination of settings that cannot work."""
    check_model_from(settings)
    check_repetition(settings)
    check_debug(settings)
    if not settings.task.trains:
        return
    targets = settings.dataset.target_kind
    check_loss(settings.loss, settings.dataset)
    check_tree(settings.loss, settings.dataset)
    check_soft_targets(settings)
    check_sampler(settings)
    check_columns(settings)
    check_monitor(settings.trainer.monitor, targets)
    if targets == VOTES:
        check_evaluation_of_votes(settings.evaluation)


def check_model_from(settings: Settings) -> None:
    task, given = settings.task, settings.model_from
    if given is None and task.model == "required":
        raise UserError(
            f"task={task.name}: there is no model. Give one as model_from=<run folder or bundle>."
        )
    if given is not None and task.model == "unused":
        raise UserError(
            f"model_from={','.join(given)}: task={task.name} uses no trained model. Leave it out, or start from "
            "its weights with model.weights=<bundle>."
        )


def check_repetition(settings: Settings) -> None:
    task, seeds = settings.task.name, settings.seeds
    if seeds is not None and task != "train":
        raise UserError(
            f"seeds={list(seeds)}: only task=train is repeated, not task={task}. Set seeds=null."
        )
    if task == "crossval" and settings.folds < FEWEST_FOLDS:
        raise UserError(
            f"folds={settings.folds}: too few, since one fold is test, one is val and the others are train. "
            f"Choose folds={FEWEST_FOLDS} or more."
        )


def check_debug(settings: Settings) -> None:
    """Refuse a debugging aid of anything but a single training."""
    if settings.debug.name != "none" and (
        settings.task.name != "train" or settings.seeds is not None
    ):
        raise UserError(
            f"debug={settings.debug.name}: only for a single training (task=train with seeds=null). Set debug=none."
        )


def check_loss(loss: sections.Loss, dataset: sections.Dataset) -> None:
    given = dataset.target_kind
    if given in loss.targets:
        return
    fitting = [
        f"loss={name}"
        for name, each in choices_of("loss").items()
        if issubclass(each, sections.LossSection) and given in each.targets
        if dataset.has_tree or not issubclass(each, sections.VoteLikelihood)
    ]
    raise UserError(
        f"loss={loss.name}: needs {KINDS[loss.targets[0]]}, but the dataset has {KINDS[given]}. "
        f"Choose {' or '.join(fitting)}."
    )


def check_tree(loss: sections.Loss, dataset: sections.Dataset) -> None:
    """Refuse a loss of the questions of a decision tree for votes without one."""
    if not loss.needs_tree or dataset.has_tree in (True, None):
        return
    given = "loss.head=tree" if loss.name == "mse" else f"loss={loss.name}"
    raise UserError(
        f"{given}: needs votes on the questions of a decision tree, which dataset={dataset.name} does not have. "
        "Choose dataset=galaxy_zoo, or loss=mse with loss.head=sigmoid."
    )


def check_soft_targets(settings: Settings) -> None:
    """Refuse soft labels, mixup and cutmix with a loss that does not take mixed targets."""
    trainer, dataset, loss = settings.trainer, settings.dataset, settings.loss
    causes = {
        f"trainer.mixup={trainer.mixup:g}": trainer.mixes_images and trainer.mixup > 0,
        f"trainer.cutmix={trainer.cutmix:g}": trainer.mixes_images and trainer.cutmix > 0,
        "dataset.soft_label_columns or dataset.annotators=fractions": dataset.has_soft_targets,
    }
    cause = next((key for key, is_on in causes.items() if is_on), None)
    if cause is not None and not loss.takes_soft_targets:
        choice = "ce, ce_smooth, bce or focal" if dataset.target_kind == CLASSES else "mse or bce"
        raise UserError(
            f"{cause}: its targets are fractions of several labels, which loss={loss.name} does not take. Choose loss={choice}."
        )


def check_sampler(settings: Settings) -> None:
    """Refuse balanced sampling of vote fractions, and beside class weights that balance as well."""
    if settings.trainer.sampler != "balanced":
        return
    if settings.dataset.target_kind == VOTES:
        raise UserError(
            "trainer.sampler=balanced: needs classes, but the dataset has vote fractions. Set trainer.sampler=shuffle."
        )
    if settings.loss.class_weights == "balanced":
        raise UserError(
            "trainer.sampler=balanced and loss.class_weights=balanced: both counter class imbalance, and rare classes would "
            "count twice. Set one of them to its default, trainer.sampler=shuffle or loss.class_weights=none."
        )


def check_columns(settings: Settings) -> None:
    """Refuse catalog columns for a source without a table."""
    names = settings.model.features_columns
    if names and not settings.dataset.has_columns:
        raise UserError(
            f"model.features_columns=[{listed(names)}]: dataset={settings.dataset.name} has no table with columns. Choose "
            "dataset=catalog, or set model.features_columns=[]."
        )
    if names and getattr(settings.tracking, "log_model", False):
        raise UserError(
            f"model.features_columns=[{listed(names)}]: a model that MLflow serves takes images alone. Set tracking.log_model=false."
        )


def check_monitor(monitor: str, targets: TargetKind) -> None:
    metrics = metric_names(targets)
    if monitor not in metrics:
        raise UserError(
            f"trainer.monitor={monitor}: not a metric of {KINDS[targets]}. Choose one of {', '.join(metrics)}."
        )


def check_evaluation_of_votes(evaluation: sections.Evaluation) -> None:
    if evaluation.logit_adjustment > 0:
        raise UserError(
            f"evaluation.logit_adjustment={evaluation.logit_adjustment:g}: adjusts labels of classes, but the "
            "dataset has vote fractions. Set it to 0."
        )
    if evaluation.threshold not in ("none", "macro_f1"):
        raise UserError(
            f"evaluation.threshold={evaluation.threshold}: the thresholds of vote fractions are tuned for the F1 of "
            "each answer. Choose macro_f1 or none."
        )
    if evaluation.conformal is not None:
        raise UserError(
            f"evaluation.conformal={evaluation.conformal:g}: prediction sets are for classes, but the dataset has "
            "vote fractions. Set it to null."
        )
    if evaluation.bin_columns:
        raise UserError(
            f"evaluation.bin_columns={list(evaluation.bin_columns)}: reports accuracy, which vote fractions do not "
            "have. Set it to []."
        )
