"""Galleries of example images: of each class, best, worst and least certain."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.results import SplitResult
from astroclf.reports.run.content import Thumbnails

PER_GALLERY, PER_VOTE_GALLERY = 12, 6
PER_CLASS, MOST_CLASSES = 6, 12
ANSWERS_SHOWN = 6
THUMBNAIL_PX, LOSSLESS_PX = 192, 96


@dataclass(frozen=True)
class LabeledImage:
    """src: a data URI. probability: of the predicted class, which is the label it gets."""

    src: str
    id: str
    truth: str
    predicted: str
    probability: float

    @property
    def alt(self) -> str:
        """Description for readers that cannot see the image."""
        return (
            f"Image {self.id}, labeled {self.predicted} with probability {self.probability:.3f}, "
            f"true class {self.truth}"
        )


@dataclass(frozen=True)
class Answer:
    name: str
    vote: float
    predicted: float


@dataclass(frozen=True)
class VotedImage:
    """src: a data URI. answers: those with the most votes, true or predicted, in their order."""

    src: str
    id: str
    rmse: float
    answers: tuple[Answer, ...]

    @property
    def alt(self) -> str:
        """Description for readers that cannot see the image."""
        fractions = ", ".join(
            f"{answer.name} {answer.predicted:.2f} (true {answer.vote:.2f})"
            for answer in self.answers
        )
        return f"Image {self.id}, predicted vote fractions: {fractions}"


@dataclass(frozen=True)
class Gallery:
    """n: how many images there are of this kind, of which `images` shows the first few."""

    title: str
    n: int
    images: Sequence[LabeledImage | VotedImage]


def class_examples(result: SplitResult, thumbnails: Thumbnails) -> list[Gallery]:
    """Return random images of each true class with their labels; of the first twelve classes."""
    rng = np.random.default_rng(0)
    truth = result.labels.targets
    members = {
        name: rng.permutation(np.flatnonzero(truth == k))
        for k, name in enumerate(result.labels.classes[:MOST_CLASSES])
    }
    return [
        Gallery(name, len(positions), _labeled(result, thumbnails, positions[:PER_CLASS]))
        for name, positions in members.items()
    ]


def label_galleries(result: SplitResult, thumbnails: Thumbnails) -> list[Gallery]:
    """Return the correct and most confident, wrong and most confident, and least confident images.

    The confidence is the probability of the predicted label. The correct ones are as many of each
    class as fit.
    """
    truth, n_classes = result.labels.targets, len(result.labels.classes)
    by_confidence = np.argsort(-_confidence(result), kind="stable")
    right = result.predicted.labels[by_confidence] == truth[by_confidence]
    correct = by_confidence[right]
    per_class = max(1, PER_GALLERY // n_classes)
    best = [correct[truth[correct] == k][:per_class] for k in range(n_classes)]
    kinds = {
        "Correct and most confident, by class": (np.concatenate(best), len(correct)),
        "Wrong and most confident": (by_confidence[~right][:PER_GALLERY], int(np.sum(~right))),
        "Least confident": (by_confidence[::-1][:PER_GALLERY], len(truth)),
    }
    return [
        Gallery(title, n, _labeled(result, thumbnails, positions))
        for title, (positions, n) in kinds.items()
    ]


def _labeled(
    result: SplitResult, thumbnails: Thumbnails, positions: np.ndarray
) -> list[LabeledImage]:
    classes, confidence = result.labels.classes, _confidence(result)
    return [
        LabeledImage(
            src,
            str(result.ids[i]),
            classes[result.labels.targets[i]],
            classes[result.predicted.labels[i]],
            float(confidence[i]),
        )
        for i, src in zip(positions, _sources(thumbnails, positions), strict=True)
    ]


def _confidence(result: SplitResult) -> np.ndarray:
    """Return (N,) the probability of the predicted label."""
    labels = result.predicted.labels
    return result.predicted.probabilities[np.arange(len(labels)), labels]


def vote_galleries(result: SplitResult, thumbnails: Thumbnails) -> list[Gallery]:
    """Return images of the smallest, middle and largest rmse of their vote fractions."""
    rmse = np.sqrt(np.mean((result.predicted.probabilities - result.labels.targets) ** 2, axis=1))
    by_rmse = np.argsort(rmse, kind="stable")
    middle = max(0, (len(rmse) - PER_VOTE_GALLERY) // 2)
    kinds = {
        "Closest to the votes": by_rmse,
        "Typical: median error": by_rmse[middle:],
        "Furthest from the votes": by_rmse[::-1],
    }

    def show(positions: np.ndarray) -> list[VotedImage]:
        return [
            VotedImage(src, str(result.ids[i]), float(rmse[i]), _answers(result, i))
            for i, src in zip(positions, _sources(thumbnails, positions), strict=True)
        ]

    return [
        Gallery(title, len(rmse), show(positions[:PER_VOTE_GALLERY]))
        for title, positions in kinds.items()
    ]


def _answers(result: SplitResult, position: int) -> tuple[Answer, ...]:
    votes, names = result.labels.targets[position], result.labels.classes
    predicted = result.predicted.probabilities[position]
    most = np.argsort(-np.maximum(votes, predicted), kind="stable")[:ANSWERS_SHOWN]
    return tuple(Answer(names[k], float(votes[k]), float(predicted[k])) for k in np.sort(most))


def _sources(thumbnails: Thumbnails, positions: np.ndarray) -> list[str]:
    return [data_uri(image) for image in thumbnails(positions)] if len(positions) else []


def data_uri(image: np.ndarray) -> str:
    """Return an RGB image (H, W, 3) uint8 as data URI: small ones without loss, larger ones as JPEG to 192 px."""
    from PIL import Image

    picture = Image.fromarray(image)
    stream = io.BytesIO()
    if max(picture.size) <= LOSSLESS_PX:
        kind = "png"
        picture.save(stream, "PNG", optimize=True)
    else:
        kind = "jpeg"
        picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
        picture.save(stream, "JPEG", quality=88, subsampling=0)
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"
