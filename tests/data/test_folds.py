from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.dataset import ImageDataset
from astroclf.data.folds import assign_folds, fold_names, select_fold
from astroclf.data.pixels import Pixels
from astroclf.data.splits import check_splits
from astroclf.errors import UserError


def dataset_of(
    targets: object, split: object = "train", groups: object = None, sky_deg: object = None
) -> ImageDataset:
    targets = np.asarray(targets)
    n_classes = targets.shape[1] if targets.ndim == 2 else int(targets.max()) + 1
    return ImageDataset(
        images=np.zeros((len(targets), 1, 2, 2), np.uint8),
        targets=targets.astype(np.float32 if targets.ndim == 2 else np.int64),
        ids=np.array([f"id{i}" for i in range(len(targets))]),
        classes=tuple(f"c{k}" for k in range(n_classes)),
        split=np.broadcast_to(np.asarray(split, str), len(targets)).copy(),
        pixels=Pixels(("gray",), None, "linear"),
        groups=None if groups is None else np.asarray(groups).astype(str),
        sky_deg=None if sky_deg is None else np.asarray(sky_deg, np.float64),
        neighbor_arcsec=5.0,
    )


folds_drawn = st.integers(3, 7)


@given(st.lists(st.integers(7, 40), min_size=2, max_size=5), folds_drawn, st.integers(0, 9))
def test_folds_differ_by_one_image_in_all_and_in_each_class(
    class_sizes: list[int], folds: int, seed: int
) -> None:
    targets = np.repeat(np.arange(len(class_sizes)), class_sizes)
    targets = np.random.default_rng(seed).permutation(targets)
    folded = assign_folds(dataset_of(targets), folds, seed)
    assert set(folded.split.tolist()) == set(fold_names(folds))
    for members in (targets >= 0, *(targets == k for k in range(len(class_sizes)))):
        sizes = Counter(folded.split[members].tolist())
        assert len(sizes) == folds
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_a_draw_depends_only_on_the_seed() -> None:
    dataset = dataset_of([0, 1] * 50)
    first = assign_folds(dataset, 5, seed=3).split
    np.testing.assert_array_equal(first, assign_folds(dataset, 5, seed=3).split)
    assert (first != assign_folds(dataset, 5, seed=4).split).any()
    shuffled = [Counter(first[start : start + 20].tolist()) for start in range(0, 100, 20)]
    assert any(len(set(counts.values())) > 1 for counts in shuffled), "not the order of the images"


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=10, max_size=120),
    folds_drawn,
)
def test_groups_are_kept_in_one_split(rows: list[tuple[int, int]], folds: int) -> None:
    groups, answers = (np.array(column) for column in zip(*rows, strict=True))
    votes = np.eye(2)[answers]  # folds need not contain every answer
    if len(set(groups.tolist())) < folds:
        with pytest.raises(UserError, match="groups of dependent images"):
            assign_folds(dataset_of(votes, groups=groups), folds, 0)
        return
    folded = assign_folds(dataset_of(votes, groups=groups), folds, 0)
    assert set(folded.split.tolist()) == set(fold_names(folds))
    for group in set(groups.tolist()):
        assert len(set(folded.split[groups == group].tolist())) == 1


def test_many_small_groups_reach_equal_folds_in_every_class() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 200, 1000)
    targets = (rng.random(1000) < 0.2).astype(int)
    folded = assign_folds(dataset_of(targets, groups=groups), 5, 0)
    for fold in fold_names(5):
        inside = targets[folded.indices(fold)]
        assert len(inside) == pytest.approx(200, abs=5)
        assert inside.mean() == pytest.approx(targets.mean(), abs=0.02)


def test_neighbors_on_the_sky_are_kept_in_one_fold() -> None:
    """Pairs three arcseconds apart, the pairs far from each other."""
    places = [(pair + (3 / 3600) * twin, 0.0) for pair in range(30) for twin in range(2)]
    folded = assign_folds(dataset_of([0, 1] * 30, sky_deg=places), 5, 0)
    pairs = folded.split.reshape(30, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all()
    alone = assign_folds(dataset_of([0, 1] * 30), 5, 0).split.reshape(30, 2)
    assert (alone[:, 0] != alone[:, 1]).any()


def test_each_image_is_once_in_test_once_in_val_and_otherwise_in_train() -> None:
    split = np.array(["train"] * 40 + ["val"] * 10 + ["test"] * 6 + ["hand_test"] * 4)
    folded = assign_folds(dataset_of([0, 1] * 30, split), 5, 0)
    assert folded.split[50:].tolist() == split[50:].tolist()
    turns = [select_fold(folded, fold, 5) for fold in range(5)]
    for turn in turns:
        check_splits(turn)
        assert turn.split_names == ("train", "val", "test"), "what is held out is in no split"
        assert not turn.split[50:].any()
        assert turn.images is folded.images, "no pixel is copied"
    roles = np.array([turn.split[:50] for turn in turns])
    for image in range(50):
        assert Counter(roles[:, image].tolist()) == {"test": 1, "val": 1, "train": 3}
    for fold, turn in enumerate(turns):
        np.testing.assert_array_equal(turn.indices("test"), folded.indices(f"fold-{fold}"))
        following = folded.indices(f"fold-{(fold + 1) % 5}")
        np.testing.assert_array_equal(turn.indices("val"), following)


def test_votes_are_stratified_by_their_leading_answer() -> None:
    votes = np.repeat([[0.9, 0.1], [0.4, 0.6]], [80, 20], axis=0)
    folded = assign_folds(dataset_of(votes), 4, 0)
    for fold in fold_names(4):
        assert np.bincount(votes[folded.indices(fold)].argmax(axis=1)).tolist() == [20, 5]


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        (
            dataset_of([0] * 20 + [1] * 4),
            "folds=5: class c1 has 4 images, and none is left for fold-4. Choose fewer folds, "
            "add images of it, or remove it.",
        ),
        (
            dataset_of([0, 1, 0]),
            "folds=5: there are only 3 images outside of test. Choose fewer folds.",
        ),
        (
            dataset_of([0, 1] * 20, groups=np.arange(40) % 4),
            "folds=5: there are only 4 groups of dependent images. Choose fewer folds.",
        ),
        (
            dataset_of([0] * 30 + [1] * 10, groups=[*range(30), *(i % 2 for i in range(10))]),
            "folds=5: class c1 has 10 images in 2 groups of dependent images, and none is left for fold-",
        ),
    ],
    ids=["class", "images", "groups", "groups of a class"],
)
def test_impossible_folds_are_refused(dataset: ImageDataset, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        assign_folds(dataset, 5, 0)
    assert str(refused.value).startswith(sentence)
