"""Images of a training found among other images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from astroclf.bundle import Reference
from astroclf.data.dataset import ImageDataset
from astroclf.tasks.seen_images import find_seen, title_of

Make = Callable[..., ImageDataset]


def reference_of(dataset: ImageDataset, split: np.ndarray) -> Reference:
    n_val = int(np.sum(split == "val"))
    hashes = np.frombuffer(b"".join(dataset.picture_hashes), np.uint8).reshape(-1, 16)
    return Reference(
        ids=dataset.ids,
        split=split,
        picture_hashes=hashes,
        groups=None,
        sky_deg=dataset.sky_deg,
        neighbor_arcsec=dataset.neighbor_arcsec,
        val_logits=np.zeros((n_val, 2), np.float32),
        val_targets=np.zeros(n_val, np.int64),
    )


def everything(dataset: ImageDataset) -> np.ndarray:
    return np.ones(len(dataset), bool)


def test_parts_are_the_splits_of_equal_pictures(make_dataset: Make) -> None:
    dataset = make_dataset(8)
    split = np.array(["train", "train", "val", "test", "hand", "train", "train", "val"])
    reference = reference_of(dataset, split)
    images = np.array(dataset.images)
    images[5:] = 255 - images[5:]
    seen = find_seen(replace(dataset, images=images), reference, everything(dataset))
    assert seen.parts.tolist() == ["train", "train", "val", "test", "hand", "new", "new", "new"]
    assert seen.names == ["new", "test", "hand", "val", "train"]
    assert len(seen.sentences()) == 3
    assert seen.shared_ids == tuple(dataset.ids[5:])
    assert "3 new images with an id of the training" in seen.note()
    assert title_of("hand") == "hand images (evaluated in training already)"


def test_ids_alone_are_no_match(make_dataset: Make) -> None:
    dataset, other = make_dataset(8), make_dataset(9)
    seen = find_seen(other, reference_of(dataset, np.full(8, "train")), everything(other))
    assert set(seen.parts.tolist()) == {"new"}
    renamed = replace(dataset, ids=np.array([f"other-{i}" for i in range(8)]))
    seen = find_seen(renamed, reference_of(dataset, np.full(8, "train")), everything(renamed))
    assert set(seen.parts.tolist()) == {"train"}


def test_a_picture_in_several_splits_is_in_the_one_that_was_used_most(make_dataset: Make) -> None:
    dataset = make_dataset(4)
    images = np.array(dataset.images)
    images[1:] = images[0]
    same = replace(dataset, images=images)
    reference = reference_of(same, np.array(["test", "val", "train", "val"]))
    assert set(find_seen(same, reference, everything(same)).parts.tolist()) == {"train"}


def test_images_that_are_not_evaluated_are_in_no_part(make_dataset: Make) -> None:
    dataset = make_dataset(4)
    chosen = np.array([True, False, True, False])
    for reference, part in (
        (None, "unknown"),
        (reference_of(dataset, np.full(4, "train")), "train"),
    ):
        seen = find_seen(dataset, reference, chosen)
        assert seen.parts.tolist() == [part, "", part, ""]
        assert seen.names == [part]
    assert "2 images are training images" in seen.sentences()[0]


def test_without_a_reference_it_is_said_that_the_use_is_unknown(make_dataset: Make) -> None:
    dataset = make_dataset(4)
    (sentence,) = find_seen(dataset, None, everything(dataset)).sentences()
    assert "unknown" in sentence


def test_neighbors_of_training_images_on_the_sky_are_marked(make_dataset: Make) -> None:
    train, others = make_dataset(3), make_dataset(4)
    sky = np.array([[10.0, 20.0], [50.0, -5.0], [100.0, 0.0]])
    train = replace(train, sky_deg=sky, neighbor_arcsec=10.0)
    near = np.array([[10.0, 20.0 + 5 / 3600], [10.0, 20.0 + 15 / 3600], [50.0, -5.0], [100.0, 0.0]])
    others = replace(others, sky_deg=near, neighbor_arcsec=14.0)
    reference = reference_of(train, np.array(["train", "train", "val"]))
    seen = find_seen(others, reference, everything(others))
    assert seen.overlaps.tolist() == [True, False, True, False]
    no_positions = replace(others, sky_deg=None)
    assert not find_seen(no_positions, reference, everything(others)).overlaps.any()
