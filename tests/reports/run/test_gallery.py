from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.baseline import Baseline
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.results import SplitResult
from astroclf.reports.run.gallery import class_examples, data_uri, label_galleries, vote_galleries

CLASSES = ("star", "galaxy")


def result(probabilities, targets, labels=None, classes=CLASSES):
    return SplitResult(
        ids=np.array([f"i{k}" for k in range(len(targets))]),
        labels=make_labels(np.array(targets), classes),
        predicted=Predicted(np.array(probabilities), np.array(labels)),
        scores=Scores({}, {}),
        baseline=Baseline("", {}),
    )


def thumbnails(positions):
    return np.zeros((len(positions), 4, 4, 3), np.uint8)


def ids_of(gallery):
    return [image.id for image in gallery.images]


def test_images_are_sorted_by_confidence_and_correctness():
    p = [[0.9, 0.1], [0.2, 0.8], [0.55, 0.45], [0.3, 0.7]]
    right, wrong, uncertain = label_galleries(result(p, [0, 0, 0, 1], [0, 1, 0, 1]), thumbnails)
    assert (ids_of(right), right.n) == (["i0", "i2", "i3"], 3)
    assert (ids_of(wrong), wrong.n) == (["i1"], 1)
    assert ids_of(uncertain) == ["i2", "i3", "i1", "i0"]
    assert (wrong.images[0].truth, wrong.images[0].predicted) == ("star", "galaxy")
    assert wrong.images[0].probability == 0.8


def test_correctness_is_of_the_labels_of_the_decision():
    p, threshold_0_2 = [[0.9, 0.1], [0.7, 0.3], [0.6, 0.4]], [0, 1, 1]
    galleries = label_galleries(result(p, [0, 1, 0], threshold_0_2), thumbnails)
    right, wrong, uncertain = galleries
    assert [(image.id, image.probability) for image in right.images] == [("i0", 0.9), ("i1", 0.3)]
    assert [(image.id, image.probability) for image in wrong.images] == [("i2", 0.4)]
    assert (wrong.images[0].truth, wrong.images[0].predicted) == ("star", "galaxy")
    assert ids_of(uncertain) == ["i1", "i2", "i0"]


def test_correct_images_show_each_class_even_if_one_is_always_more_certain():
    p = [[0.99, 0.01]] * 20 + [[0.4, 0.6]] * 3
    right = label_galleries(result(p, [0] * 20 + [1] * 3, [0] * 20 + [1] * 3), thumbnails)[0]
    assert [image.truth for image in right.images] == ["star"] * 6 + ["galaxy"] * 3
    assert right.n == 23


def test_examples_of_each_class_are_counted_and_carry_class_and_probability():
    p = [[0.9, 0.1]] * 9 + [[0.3, 0.7]] * 2
    stars, galaxies = class_examples(result(p, [0] * 9 + [1] * 2, [0] * 10 + [1]), thumbnails)
    assert (stars.title, stars.n, len(stars.images)) == ("star", 9, 6)
    assert (galaxies.title, galaxies.n, len(galaxies.images)) == ("galaxy", 2, 2)
    assert {image.truth for image in galaxies.images} == {"galaxy"}
    assert {image.alt for image in galaxies.images} == {
        "Image i9, labeled star with probability 0.300, true class galaxy",
        "Image i10, labeled galaxy with probability 0.700, true class galaxy",
    }


def test_a_model_without_errors_has_an_empty_gallery_of_wrong_images():
    galleries = label_galleries(result([[0.9, 0.1]], [0], [0]), thumbnails)
    assert (galleries[1].n, list(galleries[1].images)) == (0, [])


def test_voted_images_are_sorted_by_their_error_and_show_the_largest_answers():
    truth = np.zeros((20, 8))
    truth[:, 6] = 1.0
    predicted = truth.copy()
    predicted[:, 1] = np.linspace(0, 0.9, 20)
    near, typical, far = vote_galleries(
        result(predicted, truth, classes=[f"a{k}" for k in range(8)]), thumbnails
    )
    assert ids_of(near)[:2] == ["i0", "i1"]
    assert ids_of(far)[:2] == ["i19", "i18"]
    assert "i10" in ids_of(typical)
    answers = {answer.name: answer for answer in far.images[0].answers}
    assert len(answers) == 6
    assert answers["a1"].predicted == pytest.approx(0.9)
    assert answers["a6"].vote == 1.0
    assert "a1 0.90 (true 0.00)" in far.images[0].alt


def decoded(uri):
    kind, _, data = uri.partition(";base64,")
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


def test_small_images_keep_every_pixel_and_large_ones_shrink():
    small = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    kind, image = decoded(data_uri(small))
    assert kind == "data:image/png"
    np.testing.assert_array_equal(np.asarray(image), small)
    kind, image = decoded(data_uri(np.zeros((424, 300, 3), np.uint8)))
    assert kind == "data:image/jpeg"
    assert max(image.size) == 192
