"""Reference of a training: its images, the logits of val, and novelty without a further pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.bundle import read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.evaluation.novelty import MOST_TRAIN
from astroclf.tasks.reference import make_reference, reference_images
from fixtures.evaluations import evaluate_guess

RUN = (
    "dataset.n_images=120",
    "dataset.image_px=16",
    "model.widths=[4]",
    "model.hidden_units=[8]",
    "evaluation.bootstrap_resamples=0",
    "evaluation.report=false",
    "evaluation.conformal=0.8",
)
KINDS = {
    "images": (),
    "cached features": ("finetune=classifier",),
    "views": ("evaluation.tta_views=8",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_reference_of_a_run_agrees_with_its_bundle(
    train_run: Callable[..., Path], settings: Any, kind: str
) -> None:
    bundle = read_bundle(train_run(*RUN, *KINDS[kind]) / "bundle")
    dataset: ImageDataset = load_dataset(settings(*RUN).dataset)
    reference, val = bundle.reference, dataset.indices("val")
    assert reference is not None
    np.testing.assert_array_equal(reference.ids, dataset.ids)
    np.testing.assert_array_equal(reference.split, dataset.split)
    assert [each.tobytes() for each in reference.picture_hashes] == list(dataset.picture_hashes)
    logits, features = bundle.predictor.logits_and_features(dataset.images[val])
    np.testing.assert_allclose(reference.val_logits, logits, atol=1e-5)
    np.testing.assert_array_equal(reference.val_targets, dataset.targets[val])
    assert reference.novelty is not None
    assert features is not None
    np.testing.assert_allclose(
        reference.novelty.distances,
        reference.novelty.train.distances(features.numpy()[reference.novelty_rows]),
        rtol=1e-3,
        atol=1e-5,
    )
    predicted = bundle.prediction(dataset.images[val])
    assert predicted.sets is not None
    held = predicted.sets[np.arange(len(val)), dataset.targets[val]]
    # The image at the threshold of each class may be on either side by rounding.
    assert held.sum() + 2 >= 0.8 * len(val)


def test_train_images_are_chosen_evenly_and_val_images_at_random(make_dataset: Any) -> None:
    dataset = make_dataset(4200, n_classes=3)
    chosen = reference_images(dataset, seed=0)
    train = dataset.targets[dataset.indices("train")][chosen["train"]]
    assert len(train) == MOST_TRAIN
    assert np.ptp(np.bincount(train)) <= 1
    np.testing.assert_array_equal(chosen["val"], np.arange(1400))


def test_a_network_without_features_has_a_reference_without_novelty(
    simulated_dataset: ImageDataset, settings: Any
) -> None:
    evaluation = evaluate_guess(simulated_dataset, settings())
    reference = make_reference(simulated_dataset, evaluation, seed=0)
    assert reference is not None
    assert reference.novelty is None
    assert len(reference) == len(simulated_dataset)
