"""Predictor: logits against a plain forward pass, over arrays, loaders and cached features."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from astroclf.data.augment import show_view
from astroclf.data.batch_sampler import BatchSampler
from astroclf.data.batches import ImageValues
from astroclf.data.dataset import ImageDataset
from astroclf.data.loader import ImageLoader, ResidentImages
from astroclf.data.preprocess import fit_preprocess
from astroclf.inference.features import FeatureLoader
from astroclf.inference.predictor import Predictor
from astroclf.models.classifier import Classifier
from astroclf.training.losses import cross_entropy

CPU = torch.device("cpu")


@pytest.fixture
def dataset(make_dataset: Any) -> ImageDataset:
    return make_dataset(24)


@pytest.fixture
def network() -> Classifier:
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten())
    return Classifier(backbone, nn.Sequential(nn.Dropout(0.5), nn.Linear(144, 2)), 144)


def make_loader(dataset: ImageDataset, batch_size: int) -> ImageLoader:
    return ImageLoader(
        ResidentImages(dataset.images, CPU),
        ImageValues.of(dataset, CPU),
        BatchSampler(dataset.indices("val"), batch_size, 0, CPU),
        fit_preprocess(dataset),
    )


def plain_logits(network: nn.Module, dataset: ImageDataset, views: int = 1) -> Tensor:
    """Reference: the mean over views of one forward pass of the images of val."""
    preprocess = fit_preprocess(dataset)
    values = preprocess.scale(torch.from_numpy(dataset.images[dataset.indices("val")]))
    with torch.no_grad():
        each = [
            network.eval()(preprocess.normalize(show_view(values, view))) for view in range(views)
        ]
    return torch.stack(each).mean(dim=0)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("views", [1, 8])
def test_outputs_of_a_loader_are_in_order(
    dataset: ImageDataset, network: Classifier, batch_size: int, views: int
) -> None:
    predictor = Predictor(network, fit_preprocess(dataset), views)
    found = predictor.outputs(make_loader(dataset, batch_size), cross_entropy)
    logits = plain_logits(network, dataset, views)
    losses = cross_entropy(logits, torch.from_numpy(dataset.targets[dataset.indices("val")]))
    np.testing.assert_allclose(found.logits, logits.numpy(), atol=1e-6)
    np.testing.assert_allclose(found.losses, losses.numpy(), atol=1e-6)
    assert (found.logits.dtype, found.losses.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("views", [1, 8])
@pytest.mark.parametrize("as_tensor", [False, True])
def test_logits_of_an_array_equal_those_of_a_loader(
    dataset: ImageDataset, network: Classifier, batch_size: int, views: int, as_tensor: bool
) -> None:
    predictor = Predictor(network, fit_preprocess(dataset), views, batch_size=batch_size)
    images: Any = dataset.images[dataset.indices("val")]
    found = predictor.logits(torch.from_numpy(images) if as_tensor else images)
    torch.testing.assert_close(found, plain_logits(network, dataset, views), atol=1e-6, rtol=0)


@pytest.mark.parametrize("views", [1, 8])
def test_cached_features_go_through_the_head_alone(
    dataset: ImageDataset, network: Classifier, views: int
) -> None:
    preprocess = fit_preprocess(dataset)
    values = preprocess.scale(torch.from_numpy(dataset.images))
    with torch.no_grad():
        features = torch.stack(
            [
                network.backbone.eval()(preprocess.normalize(show_view(values, view)))
                for view in range(views)
            ]
        )
    loader = FeatureLoader(features.numpy(), make_loader(dataset, 5))
    found = Predictor(network, preprocess, views).outputs(loader, cross_entropy)
    np.testing.assert_allclose(found.logits, plain_logits(network, dataset, views), atol=1e-6)


@pytest.mark.parametrize("views", [1, 8])
def test_features_are_those_of_the_image_itself_from_one_forward_pass(
    dataset: ImageDataset, network: Classifier, views: int
) -> None:
    preprocess, val = fit_preprocess(dataset), dataset.indices("val")
    with torch.no_grad():
        images = preprocess.normalize(preprocess.scale(torch.from_numpy(dataset.images[val])))
        expected = network.eval().backbone(images)
    passes = []
    network.backbone.register_forward_hook(lambda *_: passes.append(1))
    predictor = Predictor(network, preprocess, views, batch_size=5)
    logits, features = predictor.logits_and_features(dataset.images[val])
    assert len(passes) == 2 * views
    torch.testing.assert_close(features, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(logits, predictor.logits(dataset.images[val]))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_features_of_some_images_of_a_loader_are_returned(
    dataset: ImageDataset, network: Classifier, batch_size: int
) -> None:
    predictor = Predictor(network, fit_preprocess(dataset))
    every = predictor.logits_and_features(dataset.images[dataset.indices("val")])[1]
    loader, chosen = make_loader(dataset, batch_size), np.array([0, 2, 5, 7])
    assert every is not None
    found = predictor.outputs(loader, cross_entropy, chosen).features
    assert found is not None
    np.testing.assert_allclose(found, every.numpy()[chosen], atol=1e-6)
    assert predictor.outputs(loader, cross_entropy).features is None
    cached = FeatureLoader(np.arange(24 * 144, dtype=np.float32).reshape(1, 24, 144), loader)
    of_cached = predictor.outputs(cached, cross_entropy, chosen).features
    np.testing.assert_array_equal(of_cached, cached.features[0, dataset.indices("val")[chosen]])


def test_a_network_without_head_has_no_features(dataset: ImageDataset) -> None:
    predictor = Predictor(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), fit_preprocess(dataset))
    assert predictor.logits_and_features(dataset.images)[1] is None
    assert predictor.outputs(make_loader(dataset, 5), cross_entropy, np.arange(3)).features is None


def test_prediction_changes_neither_weights_nor_random_states(
    dataset: ImageDataset, network: Classifier
) -> None:
    before = copy.deepcopy(network.state_dict())
    state = torch.get_rng_state()
    predictor, batches = (
        Predictor(network.train(), fit_preprocess(dataset)),
        make_loader(dataset, 4),
    )
    first = predictor.outputs(batches, cross_entropy)
    network.train()
    again = predictor.outputs(batches, cross_entropy)
    np.testing.assert_array_equal(first.logits, again.logits)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_with_a_logit_that_is_not_finite_has_a_nan_loss(
    dataset: ImageDataset, value: float
) -> None:
    class Broken(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            logits = torch.zeros(len(images), 2)
            logits[1, 0] = value
            return logits

    predictor = Predictor(Broken(), fit_preprocess(dataset))
    losses = predictor.outputs(make_loader(dataset, 64), cross_entropy).losses
    assert np.flatnonzero(np.isnan(losses)).tolist() == [1]


def test_results_of_batches_are_parts_of_tensors_allocated_once() -> None:
    from astroclf.inference.predictor import _filled

    first = _filled(None, 5, slice(0, 2), torch.ones(2, 3))
    whole = _filled(first, 5, slice(2, 5), torch.zeros(3, 3))
    assert whole is first  # blocks kept between those of the batches would fragment the heap
    assert whole.tolist() == [[1, 1, 1]] * 2 + [[0, 0, 0]] * 3
