"""Cached features equal those of the backbone, and belong to its weights and images alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import nn

from astroclf.data.augment import VIEWS
from astroclf.data.batch_sampler import BatchSampler
from astroclf.data.batches import ImageValues
from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.data.loader import ImageLoader, ResidentImages
from astroclf.data.preprocess import Preprocess, fit_preprocess
from astroclf.inference.feature_cache import FeatureStore
from astroclf.inference.features import (
    FeatureLoader,
    compute_features,
    features_key,
    hash_backbone,
    hash_weights,
)
from astroclf.models.classifier import Classifier

CPU = torch.device("cpu")
N, PX = 36, 8


@pytest.fixture
def dataset(make_dataset: Any) -> ImageDataset:
    return make_dataset(N, px=PX)


def make_loader(
    dataset: ImageDataset,
    split: str = TRAIN,
    preprocess: Preprocess | None = None,
    augmentation: Any = None,
) -> ImageLoader:
    return ImageLoader(
        ResidentImages(dataset.images, CPU),
        ImageValues.of(dataset, CPU),
        BatchSampler(dataset.indices(split), 5, 4, CPU),
        preprocess or fit_preprocess(dataset),
        augmentation,
    )


def make_backbone(seed: int = 0, activation: nn.Module | None = None) -> nn.Sequential:
    """Return a backbone whose features differ between views, with batch norm and dropout."""
    torch.manual_seed(seed)
    backbone = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        activation or nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(4 * PX * PX, 6),
    )
    nn.init.uniform_(backbone[1].running_var, 0.5, 1.5)
    return backbone


def classifier_of(backbone: nn.Module) -> Classifier:
    return Classifier(backbone, nn.Identity(), width=6)


def store_of(backbone: nn.Module, images: ImageLoader, pictures: str, cache: Path) -> FeatureStore:
    key = features_key(hash_backbone(classifier_of(backbone)), images.preprocess, pictures)
    return FeatureStore(cache, key, len(images.values.target))


def views_of(images: ImageLoader, views: int) -> np.ndarray:
    wanted = np.zeros((8, len(images.values.target)), dtype=bool)
    wanted[:views, images.sampler.positions] = True
    return wanted


def compute(
    backbone: nn.Module, images: ImageLoader, views: int, pictures: str, cache: Path
) -> np.ndarray:
    """Return the features of all images of the data set; those that are not wanted are 0."""
    store = store_of(backbone, images, pictures, cache)
    compute_features(classifier_of(backbone), images, views_of(images, views), store)
    return store.read()


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("name", VIEWS)
def test_feature_batches_match_the_image_batches(
    settings: Any, dataset: ImageDataset, tmp_path: Path, name: str, resident: bool
) -> None:
    """The same images in the same order and the same random view, at every epoch and step."""
    augment = settings(f"augment={name}").augment
    images = make_loader(dataset, augmentation=augment)
    backbone = make_backbone()
    found = compute(backbone, images, VIEWS[name], "key", tmp_path)
    assert (found.shape, found.dtype) == ((8, len(dataset), 6), np.float32)
    cached = FeatureLoader(torch.from_numpy(np.array(found)) if resident else found, images)
    assert (cached.n_images, cached.n_batches) == (images.n_images, images.n_batches)
    backbone.eval()
    pairs = [(cached.eval_batches(), images.eval_batches())]
    for epoch, first in [(0, 0), (1, 0), (1, 2)]:
        pairs.append((cached.train_batches(epoch, first), images.train_batches(epoch, first)))
    for mine, theirs in pairs:
        for got, wanted in zip(mine, theirs, strict=True):
            assert torch.equal(got.index, wanted.index)
            assert torch.equal(got.target, wanted.target)
            with torch.inference_mode():
                expected = backbone(wanted.image)
            torch.testing.assert_close(got.image, expected, atol=1e-5, rtol=1e-5)


def test_views_differ_and_all_are_drawn(
    settings: Any, dataset: ImageDataset, tmp_path: Path
) -> None:
    images = make_loader(dataset, augmentation=settings("augment=dihedral").augment)
    found = compute(make_backbone(), images, 8, "key", tmp_path)
    first = images.sampler.positions[0]
    distinct = {row.tobytes() for row in found[:, first]}
    assert len(distinct) == 8
    cached = FeatureLoader(torch.from_numpy(np.array(found)), images)
    drawn = {
        batch.image[batch.index == first].numpy().tobytes()
        for epoch in range(60)
        for batch in cached.train_batches(epoch)
        if (batch.index == first).any()
    }
    assert drawn == distinct


def test_features_are_computed_once(
    dataset: ImageDataset, tmp_path: Path, computed: list[int]
) -> None:
    images = make_loader(dataset)
    first = compute(make_backbone(), images, 4, "key", tmp_path)
    assert sum(computed) == 4 * images.n_images, "one pass over the views"
    computed.clear()
    again = compute(make_backbone(), images, 4, "key", tmp_path)
    assert computed == []
    np.testing.assert_array_equal(first, again)
    assert not again.flags.writeable


def changed_weight(seed: int = 0) -> nn.Module:
    backbone = make_backbone(seed)
    with torch.no_grad():
        backbone[5].bias[3] += 1e-6
    return backbone


def changed_statistics() -> nn.Module:
    backbone = make_backbone()
    backbone[1].running_mean[0] += 1e-6
    return backbone


@pytest.mark.parametrize(
    "other",
    [
        lambda: make_backbone(seed=1),
        changed_weight,
        changed_statistics,
        lambda: make_backbone(activation=nn.SiLU()),
    ],
    ids=["other weights", "one weight", "batch statistics", "another activation"],
)
def test_features_of_another_backbone_are_never_used(
    dataset: ImageDataset, tmp_path: Path, computed: list[int], other: Any
) -> None:
    images = make_loader(dataset)
    compute(make_backbone(), images, 1, "key", tmp_path)
    computed.clear()
    found = compute(other(), images, 1, "key", tmp_path)
    assert sum(computed) == images.n_images
    fresh = compute(other(), images, 1, "key", tmp_path / "empty")
    np.testing.assert_array_equal(found, fresh)


def test_networks_that_share_their_weights_do_not_share_features(
    dataset: ImageDataset, tmp_path: Path, computed: list[int]
) -> None:
    """TensorFlow pads elsewhere than PyTorch, and the weights fit both."""
    images = make_loader(dataset)
    ours, theirs = (
        timm.create_model(name, num_classes=0).eval()
        for name in ("efficientnet_lite0", "tf_efficientnet_lite0")
    )
    theirs.load_state_dict(ours.state_dict())
    assert hash_weights(ours.state_dict()) == hash_weights(theirs.state_dict())
    compute(ours, images, 1, "key", tmp_path)
    computed.clear()
    compute(theirs, images, 1, "key", tmp_path)
    assert sum(computed) == images.n_images


@pytest.mark.parametrize("what", ["pictures", "preprocess"])
def test_features_of_other_images_are_never_used(
    dataset: ImageDataset, tmp_path: Path, computed: list[int], what: str
) -> None:
    preprocess = fit_preprocess(dataset)
    compute(make_backbone(), make_loader(dataset), 1, "key", tmp_path)
    computed.clear()
    if what == "preprocess":
        preprocess = replace(preprocess, mean=(0.5, 0.5, 0.5))
    images = make_loader(dataset, preprocess=preprocess)
    compute(make_backbone(), images, 1, "other" if what == "pictures" else "key", tmp_path)
    assert sum(computed) == images.n_images


def test_only_missing_features_are_computed(
    dataset: ImageDataset, tmp_path: Path, computed: list[int]
) -> None:
    """Another split of the same pictures, and further views of them."""
    train, val = make_loader(dataset), make_loader(dataset, VAL)
    compute(make_backbone(), train, 4, "key", tmp_path)
    computed.clear()
    compute(make_backbone(), val, 1, "key", tmp_path)
    assert sum(computed) == val.n_images
    computed.clear()
    both = train.at(np.concatenate([train.sampler.positions[:7], val.sampler.positions]))
    found = compute(make_backbone(), both, 8, "key", tmp_path)
    assert sum(computed) == 4 * 7 + 7 * val.n_images
    fresh = compute(make_backbone(), both, 8, "key", tmp_path / "empty")
    wanted = views_of(both, 8)
    np.testing.assert_allclose(found[wanted], fresh[wanted], atol=1e-6)
    assert not fresh[~wanted].any()


def test_an_interrupted_pass_continues_with_the_incomplete_view(
    dataset: ImageDataset, tmp_path: Path, computed: list[int]
) -> None:
    images, interrupted, n_run = make_loader(dataset), make_backbone(), 0

    def interrupt(*_: object) -> None:
        nonlocal n_run
        n_run += 1
        if n_run == images.n_batches + 2:
            raise KeyboardInterrupt

    interrupted.register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        compute(interrupted, images, 4, "key", tmp_path)
    computed.clear()
    found = compute(make_backbone(), images, 4, "key", tmp_path)
    assert sum(computed) == 3 * images.n_images
    np.testing.assert_array_equal(
        found, compute(make_backbone(), images, 4, "key", tmp_path / "empty")
    )


def test_the_backbone_is_run_in_evaluation_mode(dataset: ImageDataset, tmp_path: Path) -> None:
    images, backbone = make_loader(dataset), make_backbone().train()
    before = hash_weights(backbone.state_dict())
    found = compute(backbone, images, 1, "key", tmp_path)
    assert hash_weights(backbone.state_dict()) == before
    expected = backbone.eval()(next(images.eval_batches()).image).detach().numpy()
    first = images.sampler.in_order()[0].positions
    np.testing.assert_array_equal(found[0, first], expected)


def test_the_hash_depends_on_names_shapes_and_values() -> None:
    weights = {"a": torch.arange(6.0), "b": torch.tensor(1)}
    others = [
        {"c": weights["a"], "b": weights["b"]},
        {"a": weights["a"].view(2, 3), "b": weights["b"]},
        {"a": weights["a"].clone().index_fill_(0, torch.tensor([2]), 9.0), "b": weights["b"]},
        {"a": weights["a"], "b": torch.tensor(2)},
        {"a": weights["a"]},
    ]
    assert len({hash_weights(each) for each in [weights, *others]}) == 6
    assert hash_weights(dict(weights)) == hash_weights(weights)


def test_prepare_is_called_once_and_only_if_anything_is_computed(
    dataset: ImageDataset, tmp_path: Path
) -> None:
    images, backbone, measured = make_loader(dataset), make_backbone(), []
    store = store_of(backbone, images, "key", tmp_path)
    for views in (4, 4, 8, 1):
        wanted = views_of(images, views)
        compute_features(classifier_of(backbone), images, wanted, store, lambda: measured.append(1))
    assert len(measured) == 2


def test_features_are_computed_in_full_precision(
    dataset: ImageDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFloat-32 would make them those of one kind of GPU."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    images, backbone, seen = make_loader(dataset), make_backbone(), set()
    backbone.register_forward_hook(lambda *_: seen.add(torch.backends.cudnn.allow_tf32))
    compute(backbone, images, 1, "key", tmp_path)
    assert seen == {False}
    assert torch.backends.cudnn.allow_tf32
