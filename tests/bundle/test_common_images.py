from __future__ import annotations

import numpy as np

from astroclf.bundle import Reference
from astroclf.bundle.common_images import find_common_images, join_images
from fixtures.references import make_reference

TRAIN, VAL, TEST = "train", "val", "test"


def common_ids(*references: Reference) -> list[str]:
    common = find_common_images(references)
    for reference, rows in zip(references, common.rows, strict=True):
        assert reference.val_ids[rows].tolist() == references[0].val_ids[common.rows[0]].tolist()
    names: list[str] = references[0].val_ids[common.rows[0]].tolist()
    return names


def test_common_images_are_in_val_of_all_models_in_any_order() -> None:
    one = make_reference([("a", VAL), ("b", VAL), ("c", TRAIN), ("d", VAL)])
    two = make_reference([("d", VAL), ("x", TRAIN), ("a", VAL), ("b", TEST)])
    assert common_ids(one, two) == ["a", "d"]


def test_an_image_that_one_model_was_trained_on_is_left_out() -> None:
    one = make_reference([("a", VAL), ("b", VAL)])
    two = make_reference([("a", TRAIN), ("b", VAL)])
    assert common_ids(one, two) == ["b"]


def test_an_image_whose_pixels_are_trained_on_under_another_id_is_left_out() -> None:
    one = make_reference([("a", VAL), ("b", VAL)])
    two = make_reference([("a", VAL), ("b", VAL), ("copy", TRAIN)], pictures=["a", "b", "a"])
    assert common_ids(one, two) == common_ids(two, one) == ["b"]


def test_an_image_with_other_pixels_under_the_same_id_is_another_one() -> None:
    one = make_reference([("a", VAL), ("b", VAL)])
    two = make_reference([("a", VAL), ("b", VAL)], pictures=["a, sharpened", "b"])
    assert common_ids(one, two) == ["b"]


def test_an_image_whose_group_is_trained_on_is_left_out() -> None:
    one = make_reference([("a", VAL), ("b", VAL)], groups=["galaxy 1", "galaxy 2"])
    two = make_reference(
        [("a", VAL), ("b", VAL), ("c", TRAIN)], groups=["galaxy 1", "galaxy 2", "galaxy 1"]
    )
    assert common_ids(one, two) == ["b"]


def test_joined_images_have_the_strictest_use_of_any_model() -> None:
    one = make_reference([("a", VAL), ("b", VAL), ("c", TRAIN), ("d", TEST), ("e", TEST)])
    two = make_reference([("e", TRAIN), ("d", TEST), ("a", VAL), ("b", TRAIN), ("f", VAL)])
    common = find_common_images([one, two])
    logits = np.array([[1.0, 2.0]])
    joined = join_images([one, two], logits, common)
    uses = dict(zip(joined.ids.tolist(), joined.split.tolist(), strict=True))
    assert uses == {"a": VAL, "b": TRAIN, "c": TRAIN, "d": TEST, "e": TRAIN, "f": TRAIN}
    assert joined.val_ids.tolist() == ["a"]
    assert joined.val_logits.tolist() == [[1.0, 2.0]]
    for each in (one, two):
        for name, picture in zip(each.ids, each.picture_hashes, strict=True):
            assert (joined.picture_hashes[joined.ids == name] == picture).all()
