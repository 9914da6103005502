from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.evaluation.paired.contender import Contender
from astroclf.reports.compare.content import ComparisonContent
from astroclf.reports.compare.gallery import pair_galleries

TARGETS = np.array([0, 0, 1, 1, 1])
PAIR = Pair(0, 1, [], {}, {}, None, [])


def predicted(*p_star: float) -> Predicted:
    p = np.array(p_star)
    return Predicted.most_probable(np.stack([1 - p, p], axis=1))


def content(
    a: list[Predicted], b: list[Predicted], *, with_images: bool = True
) -> ComparisonContent:
    labels = make_labels(TARGETS, ["galaxy", "star"])
    ids = np.array([f"image-{k}" for k in range(5)])
    comparison = Comparison([Contender("a", a), Contender("b", b)], labels, ids, [PAIR], 0, 0)
    thumbnails = (lambda at: np.zeros((len(at), 8, 8, 3), np.uint8)) if with_images else None
    return ComparisonContent(comparison, [], [], 15, thumbnails=thumbnails)


def test_images_that_one_run_alone_labels_correctly_are_shown_the_clearest_first() -> None:
    a, b = predicted(0.1, 0.2, 0.9, 0.4, 0.1), predicted(0.2, 0.9, 0.8, 0.6, 0.8)
    first, second = pair_galleries(content([a], [b]), PAIR)
    assert (first.title, first.n) == ("A is right, B is wrong", 1)
    assert [image.id for image in first.images] == ["image-1"]
    assert first.images[0].truth == "galaxy"
    assert first.images[0].lines == ("A: galaxy 0.80", "B: star 0.90")
    assert (second.title, second.n) == ("B is right, A is wrong", 2)
    assert [image.id for image in second.images] == ["image-4", "image-3"]


def test_several_networks_are_compared_by_their_number() -> None:
    a = [predicted(0.1, 0.2, 0.9, 0.9, 0.9), predicted(0.1, 0.2, 0.9, 0.1, 0.1)]
    b = [predicted(0.1, 0.2, 0.9, 0.9, 0.1), predicted(0.1, 0.2, 0.9, 0.9, 0.1)]
    first, second = pair_galleries(content(a, b), PAIR)
    assert first.title == "A larger share of the networks of A than of B is right"
    assert [image.id for image in first.images] == ["image-4"]
    assert [image.id for image in second.images] == ["image-3"]


def test_without_images_there_is_no_gallery() -> None:
    a, b = predicted(0.1, 0.2, 0.9, 0.4, 0.1), predicted(0.2, 0.9, 0.8, 0.6, 0.8)
    assert pair_galleries(content([a], [b], with_images=False), PAIR) == []
