"""The description of a training: what its settings and data set state, with weights of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.framing import Framing
from astroclf.data.preprocess import fit_preprocess
from astroclf.evaluation.decisions.decision import Decision
from astroclf.tasks.bundle_description import depth_of, describe_bundle


def test_the_description_holds_the_model_without_its_first_weights(
    settings: Any, simulated_dataset: ImageDataset
) -> None:
    chosen = settings("model=resnet34", "evaluation.tta_views=8", "model.weights=some.pt")
    preprocess = fit_preprocess(simulated_dataset)
    description = describe_bundle(
        chosen,
        simulated_dataset,
        preprocess,
        Decision.from_dict({"activation": "softmax", "temperature": 1.5}),
        {"val": {"loss": 0.5}},
        {"git_commit": "abc"},
    )
    assert (description.model["weights"], description.model["pretrained"]) == (None, False)
    assert description.tta_views == 8
    assert description.classes == simulated_dataset.classes
    assert (description.framing, description.depth) == (None, "float")
    assert description.preprocess == preprocess
    assert description.provenance["git_commit"] == "abc"
    assert description.facts["metrics"] == {"val": {"loss": 0.5}}


@pytest.mark.parametrize(("dtype", "depth"), [(np.uint8, "8-bit"), (np.float32, "float")])
def test_images_of_no_file_have_the_depth_of_their_type(
    simulated_dataset: ImageDataset, dtype: type, depth: str
) -> None:
    dataset = replace(simulated_dataset, images=simulated_dataset.images.astype(dtype))
    assert depth_of(dataset) == depth


def test_images_of_files_have_the_depth_of_the_files(simulated_dataset: ImageDataset) -> None:
    framing = Framing(("red", "green", "blue"), "16-bit", "linear", None, image_px=32)
    assert depth_of(replace(simulated_dataset, framing=framing)) == "16-bit"
