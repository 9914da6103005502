"""Galleries of example images: best, worst and least certain."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.results import SplitResult
from astroclf.reports.run.content import Thumbnails

PER_GALLERY, PER_VOTE_GALLERY = 12, 6
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


@dataclass(frozen=True)
class Gallery:
    """n: how many images there are of this kind, of which `images` shows the first few."""

    title: str
    n: int
    images: Sequence[LabeledImage | VotedImage]


def label_galleries(result: SplitResult, thumbnails: Thumbnails) -> list[Gallery]:
    """Return the correct and most confident, wrong and most confident, and least confident images.

    The confidence is the probability of the predicted label.
    """
    label, truth, classes = result.predicted.labels, result.labels.targets, result.labels.classes
    confidence = result.predicted.probabilities[np.arange(len(label)), label]
    by_confidence = np.argsort(-confidence, kind="stable")
    right = label[by_confidence] == truth[by_confidence]
    kinds = {
        "Correct and most confident": by_confidence[right],
        "Wrong and most confident": by_confidence[~right],
        "Least confident": by_confidence[::-1],
    }

    def show(positions: np.ndarray) -> list[LabeledImage]:
        return [
            LabeledImage(
                src,
                str(result.ids[i]),
                classes[truth[i]],
                classes[label[i]],
                float(confidence[i]),
            )
            for i, src in zip(positions, _sources(thumbnails, positions), strict=True)
        ]

    return [
        Gallery(title, len(positions), show(positions[:PER_GALLERY]))
        for title, positions in kinds.items()
    ]


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
