"""Likely label errors from the out-of-fold probabilities of a run of task=crossval."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.errors import UserError, counted, listed
from astroclf.evaluation.label_errors import LabelErrors, find_label_errors
from astroclf.files import read_csv
from astroclf.reports.inspect.content import LabelErrorContent
from astroclf.reports.pictures import Gallery, Picture, Table
from astroclf.runs.folder import RunFolder
from astroclf.runs.predictions import Predictions, read_predictions
from astroclf.runs.schema import refuse_unreadable
from astroclf.settings.metrics import VOTES
from astroclf.tasks.inspection.tables import Columns

SHOWN = 24  # images in the gallery
PARTS = ("fold", "split")  # column of predictions.csv that makes them out-of-fold, or not


@dataclass(frozen=True, eq=False)
class SuspectLabels:
    """Likely label errors of a data set.

    positions: (n,) images of the data set that have out-of-fold probabilities (n, K). errors: positions
    count among these n images. run: whose probabilities they are.
    """

    positions: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray
    errors: LabelErrors
    run: str


def find_suspect_labels(dataset: ImageDataset, folder: Path) -> SuspectLabels:
    """Return the likely label errors by the predictions in the folder of a run of task=crossval.

    Raise UserError for vote fractions, predictions that are not out-of-fold, other classes, or if no
    image of the data set is among them.
    """
    key = f"inspect.predictions={folder}"
    if dataset.target_kind == VOTES:
        raise UserError(
            f"{key}: label errors are found among classes, and the data set has vote fractions. Set it to null."
        )
    predictions = read_out_of_fold(RunFolder(folder), dataset, key)
    row_of = {name: row for row, name in enumerate(predictions.ids.tolist())}
    positions = np.array(
        [i for i, name in enumerate(dataset.ids.tolist()) if name in row_of], np.int64
    )
    if not len(positions):
        raise UserError(
            f"{key}: none of its image ids (such as {predictions.ids[0]}) is in the data set (such as {dataset.ids[0]}). "
            "Give a run on the same images."
        )
    rows = np.array([row_of[name] for name in dataset.ids[positions].tolist()])
    probabilities, labels = predictions.probabilities[rows], dataset.targets[positions]
    errors = find_label_errors(probabilities, labels)
    return SuspectLabels(positions, probabilities, labels, errors, folder.name)


def read_out_of_fold(folder: RunFolder, dataset: ImageDataset, key: str) -> Predictions:
    """Return the out-of-fold predictions of a run. Raise UserError for others, or if there are none."""
    file = folder.predictions
    if not file.is_file():
        raise UserError(
            f"{key}: there is no {file.name} in it. Give the folder of a finished run of task=crossval."
        )
    with refuse_unreadable(file, "Give the folder of another run of task=crossval."):
        header = set(read_csv(file)[0])
    if "fold" not in header:
        raise UserError(
            f"{key}: its probabilities are of a network that was trained on most of these images, and repeats "
            "their labels, wrong ones too. Train out-of-fold with task=crossval and give the folder of that run."
        )
    absent = [name for name in dataset.classes if f"p_{name}" not in header]
    if absent:
        raise UserError(
            f"{key}: it has no probabilities of {listed(absent)}. Give a run on the same classes."
        )
    return read_predictions(folder, dataset.classes, part="fold")


def label_error_columns(dataset: ImageDataset, suspects: SuspectLabels) -> Columns:
    """Return the columns of label_errors.csv, the least probable label first."""
    errors, classes = suspects.errors, np.array(dataset.classes)
    rows = errors.positions
    given = suspects.labels[rows]
    return {
        "id": dataset.ids[suspects.positions[rows]].tolist(),
        "given": classes[given].tolist(),
        "suggested": classes[errors.suggested].tolist(),
        "p": [f"{each:.6g}" for each in suspects.probabilities[rows, given]],
        "p_suggested": [f"{each:.6g}" for each in suspects.probabilities[rows, errors.suggested]],
        "rank": list(range(1, len(rows) + 1)),
    }


def label_error_content(dataset: ImageDataset, suspects: SuspectLabels) -> LabelErrorContent:
    """Return the content of the page on likely label errors."""
    errors, n = suspects.errors, len(suspects.positions)
    left_out = len(dataset) - n
    sentences = [
        f"{counted(len(errors.positions), 'label')} of {n:,} are probably wrong by confident learning; the estimated share of "
        f"wrong labels is {errors.rate:.2%}.",
        f"The probabilities are out-of-fold, of the run {suspects.run}: each image by a network that was not trained on it.",
        "A network that is often wrong finds many: look at the images before changing a label.",
    ]
    if left_out:
        sentences.insert(
            1,
            f"{counted(left_out, 'image')} of the data set have no prediction there and are left out.",
        )
    return LabelErrorContent(sentences, joint_table(dataset, errors), gallery(dataset, suspects))


def joint_table(dataset: ImageDataset, errors: LabelErrors) -> Table:
    """Return the estimated joint distribution of labels and true classes, in percent."""
    names = dataset.classes
    rows = [
        [f"label {name}", *(f"{100 * share:.2f}" for share in row)]
        for name, row in zip(names, errors.joint, strict=True)
    ]
    return Table(
        "Estimated share of the images with each label and true class, in percent",
        ["", *(f"truly {name}" for name in names)],
        rows,
    )


def gallery(dataset: ImageDataset, suspects: SuspectLabels) -> Gallery:
    """Return the images whose labels are least probable."""
    errors = suspects.errors
    rows, suggested = errors.positions[:SHOWN], errors.suggested[:SHOWN]
    positions = suspects.positions[rows]
    images = list(make_thumbnails(dataset, positions)) if len(rows) else []
    pictures = [
        Picture(
            image,
            str(dataset.ids[position]),
            [
                f"label {dataset.classes[suspects.labels[row]]}, p {suspects.probabilities[row, suspects.labels[row]]:.3f}"
            ],
            f"suggested {dataset.classes[other]}, p {suspects.probabilities[row, other]:.3f}",
        )
        for image, position, row, other in zip(images, positions, rows, suggested, strict=True)
    ]
    note = f"{len(pictures)} of {len(errors.positions):,}, the least probable label first"
    return Gallery("Likely label errors", note, pictures)
