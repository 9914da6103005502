"""Which choices do not go together, told before anything is loaded."""

from __future__ import annotations

from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.settings.metrics import metric_names, target_kind
from astroclf.settings.tree import Settings

FEWEST_FOLDS = 3


def check_agreement(settings: Settings) -> None:
    """Raises UserError for the first pair of settings that cannot work together."""
    check_repetition(settings)
    check_source(settings.dataset)
    votes = gives_votes(settings.dataset)
    check_loss(settings.loss, votes)
    check_monitor(settings.trainer.monitor, votes)
    check_evaluation(settings.evaluation, votes)


def check_repetition(settings: Settings) -> None:
    task, seeds = settings.task, settings.seeds
    if seeds is not None and not isinstance(task, sections.Train):
        raise UserError(
            f"seeds={list(seeds)} repeats task=train only, and this is task={task.name}: set seeds=null."
        )
    twice = [seed for seed in seeds or () if (seeds or ()).count(seed) > 1]
    if twice:
        raise UserError(
            f"seeds={list(seeds or ())} names {twice[0]} more than once, which would be the same training again: "
            "give different seeds."
        )
    if isinstance(task, sections.CrossVal) and settings.folds < FEWEST_FOLDS:
        raise UserError(
            f"folds={settings.folds} is too few: in each training one fold is test, one is val and the rest is train, "
            f"so choose folds={FEWEST_FOLDS} or more."
        )


def gives_votes(dataset: sections.Dataset) -> bool:
    """Whether targets will be vote fractions rather than classes."""
    if isinstance(dataset, sections.Simulated):
        return dataset.target == "votes"
    return isinstance(dataset, sections.Catalog) and dataset.vote_columns is not None


def check_source(dataset: sections.Dataset) -> None:
    if isinstance(dataset, sections.Simulated):
        for key in ("seeing_arcsec", "signal_to_noise"):
            low, high = getattr(dataset, key)
            if low > high:
                raise UserError(
                    f"dataset.{key}=[{low:g}, {high:g}] does not fit: the smaller number stands first."
                )
    if isinstance(dataset, sections.ImageFolder) and dataset.root is None:
        raise UserError(
            "dataset.root is not set: give the folder that holds train/, val/ and test/, "
            "or one folder a class, as dataset.root=<folder>."
        )
    if isinstance(dataset, sections.Catalog):
        if dataset.table is None:
            raise UserError(
                "dataset.table is not set: give the CSV that lists the images, as dataset.table=<file>."
            )
        if (dataset.label_column is None) == (dataset.vote_columns is None):
            raise UserError(
                "dataset.label_column and dataset.vote_columns: set exactly one of the two, "
                "a column of class names or a list of columns of vote fractions."
            )
    if isinstance(dataset, sections.Catalog):
        check_sky_columns(dataset)
    if dataset.val_fraction + dataset.test_fraction >= 1:
        raise UserError(
            f"dataset.val_fraction={dataset.val_fraction:g} and dataset.test_fraction="
            f"{dataset.test_fraction:g} leave nothing to train on: their sum should be less than 1."
        )


def check_sky_columns(dataset: sections.Catalog) -> None:
    if (dataset.ra_column is None) != (dataset.dec_column is None):
        raise UserError(
            "dataset.ra_column and dataset.dec_column: set both, or neither; one alone is no position."
        )
    width_is_known = dataset.pixel_scale_arcsec is not None
    if dataset.ra_column is not None and dataset.neighbour_arcsec is None and not width_is_known:
        raise UserError(
            "dataset.ra_column needs to know how close neighbours are: set dataset.pixel_scale_arcsec, so that it "
            "is the width of an image, or dataset.neighbour_arcsec."
        )


def check_loss(loss: sections.Loss, votes: bool) -> None:
    name = loss.name
    if votes and name in ("ce", "focal"):
        raise UserError(
            f"loss={name} needs classes, and this dataset gives vote fractions: choose loss=bce or mse."
        )
    if not votes and name == "mse":
        raise UserError(
            "loss=mse needs vote fractions, and this dataset gives classes: choose loss=ce, bce or focal."
        )
    if isinstance(loss, sections.Focal) and loss.alpha is not None and loss.class_weights != "none":
        raise UserError(
            f"loss.class_weights={loss.class_weights} and loss.alpha={loss.alpha} both weigh the classes: "
            "set loss.alpha=null or loss.class_weights=none."
        )
    if (
        isinstance(loss, sections.Focal)
        and loss.form == "softmax"
        and isinstance(loss.alpha, float)
    ):
        raise UserError(
            f"loss.alpha={loss.alpha:g} with loss.form=softmax does not fit: the softmax form takes a list "
            "with one weight a class; a single alpha belongs to loss.form=sigmoid."
        )


def check_monitor(monitor: str, votes: bool) -> None:
    metrics = metric_names(target_kind(votes))
    if monitor not in metrics:
        kind = "vote fractions" if votes else "classes"
        raise UserError(
            f"trainer.monitor={monitor} does not fit a dataset of {kind}: choose one of {', '.join(metrics)}."
        )


def check_evaluation(evaluation: sections.Evaluation, votes: bool) -> None:
    if evaluation.logit_adjustment > 0 and votes:
        raise UserError(
            "evaluation.logit_adjustment favours rare classes, and this dataset gives vote fractions: set it to 0."
        )
    if votes and evaluation.threshold not in ("none", "macro_f1"):
        raise UserError(
            f"evaluation.threshold={evaluation.threshold} does not fit vote fractions: the threshold of each answer is "
            "tuned for its F1, so choose macro_f1 or none."
        )
    if evaluation.logit_adjustment > 0 and evaluation.threshold != "none":
        raise UserError(
            f"evaluation.logit_adjustment={evaluation.logit_adjustment:g} sets the labels that "
            f"evaluation.threshold={evaluation.threshold} would tune: set the one to 0 or the other to none."
        )
    if evaluation.bin_columns and (evaluation.metadata is None or evaluation.metadata_id is None):
        raise UserError(
            "evaluation.bin_columns needs evaluation.metadata=<csv file> and "
            "evaluation.metadata_id=<its column of image ids>."
        )
    if evaluation.metadata is not None and not evaluation.bin_columns:
        raise UserError(
            "evaluation.metadata is set, but evaluation.bin_columns is empty: name the columns along which accuracy is reported."
        )
    if evaluation.bin_columns and votes:
        raise UserError(
            "evaluation.bin_columns reports accuracy, which vote fractions do not have: set it to []."
        )
