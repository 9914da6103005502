"""Images that one of two models labels correctly and the other does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.labels import Labels
from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.evaluation.paired.contender import Contender
from astroclf.reports.compare.content import ComparisonContent, Thumbnails
from astroclf.reports.compare.words import letter
from astroclf.reports.run.gallery import data_uri

SHOWN = 8  # images a gallery
ENOUGH = 1e-9


@dataclass(frozen=True)
class ComparedImage:
    """src: a data URI. lines: what each model predicts."""

    src: str
    id: str
    truth: str
    lines: tuple[str, str]


@dataclass(frozen=True)
class PairGallery:
    """n: how many images there are of this kind, of which `images` shows the first few."""

    title: str
    n: int
    images: tuple[ComparedImage, ...]


def pair_galleries(content: ComparisonContent, pair: Pair) -> list[PairGallery]:
    """Return the images that A labels better than B, and the other way round, the clearest first."""
    if content.thumbnails is None:
        return []
    comparison = content.comparison
    a, b = (comparison.contenders[k] for k in (pair.a, pair.b))
    gains = quality(b, comparison.labels) - quality(a, comparison.labels)
    clearer = _truth_gap(a, b, comparison.labels)
    galleries = []
    for sign, (good, bad) in ((-1, (pair.a, pair.b)), (1, (pair.b, pair.a))):
        better = np.flatnonzero(sign * gains > ENOUGH)
        order = better[np.lexsort((-sign * clearer[better], -sign * gains[better]))]
        galleries.append(
            PairGallery(
                title(comparison, good, bad),
                len(order),
                _images(comparison, pair, order[:SHOWN], content.thumbnails),
            )
        )
    return galleries


def quality(contender: Contender, labels: Labels) -> np.ndarray:
    """Return (N,) the share of networks that are right, or minus the mean error of votes."""
    if labels.kind == "classes":
        return contender.right(labels)
    squares = [
        np.mean((each.probabilities - labels.targets) ** 2, axis=1) for each in contender.networks
    ]
    return -np.sqrt(np.mean(squares, axis=0))


def title(comparison: Comparison, good: int, bad: int) -> str:
    """Return the title of a gallery; good, bad: positions of the contenders."""
    better, worse = letter(good), letter(bad)
    if comparison.labels.kind == "votes":
        return f"{better} is closer to the votes than {worse}"
    if any(len(comparison.contenders[k]) > 1 for k in (good, bad)):
        return f"A larger share of the networks of {better} than of {worse} is right"
    return f"{better} is right, {worse} is wrong"


def _truth_gap(a: Contender, b: Contender, labels: Labels) -> np.ndarray:
    """Return (N,) the probability of the truth of B minus that of A."""
    rows = np.arange(len(labels))
    return (b.probabilities - a.probabilities)[rows, labels.leading]


def _images(
    comparison: Comparison, pair: Pair, positions: np.ndarray, thumbnails: Thumbnails
) -> tuple[ComparedImage, ...]:
    if not len(positions):
        return ()
    labels = comparison.labels
    return tuple(
        ComparedImage(
            data_uri(image),
            str(comparison.ids[i]),
            labels.classes[labels.leading[i]],
            (
                _line(comparison, pair.a, i),
                _line(comparison, pair.b, i),
            ),
        )
        for i, image in zip(positions.tolist(), thumbnails(positions), strict=True)
    )


def _line(comparison: Comparison, k: int, i: int) -> str:
    """Return what a model predicts for an image, by the mean over its networks."""
    labels, contender = comparison.labels, comparison.contenders[k]
    mean = contender.probabilities[i]
    if len(contender) == 1 and labels.kind == "classes":
        label = int(contender.networks[0].labels[i])
    else:
        label = int(mean.argmax())
    return f"{letter(k)}: {labels.classes[label]} {mean[label]:.2f}"
