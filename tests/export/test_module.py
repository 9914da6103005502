from __future__ import annotations

import numpy as np
import pytest
import torch

from astroclf.export.module import build_module
from fixtures.bundles import make_bundle, make_images


@pytest.mark.parametrize("tta_views", [1, 8])
@pytest.mark.parametrize("eight_bits", [True, False])
def test_the_module_equals_the_bundle(tta_views: int, eight_bits: bool) -> None:
    bundle = make_bundle(tta_views=tta_views, eight_bits=eight_bits)
    images = make_images(bundle)
    expected = bundle.prediction(images)
    with torch.no_grad():
        probabilities, labels = build_module(bundle)(torch.from_numpy(images))
    assert expected.probabilities.std(axis=0).min() > 0.05, "the images have different outputs"
    np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-6)
    np.testing.assert_array_equal(labels, expected.labels)


def test_the_network_of_the_bundle_is_left_as_it_is() -> None:
    bundle = make_bundle()
    module = build_module(bundle)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert any(bool(parameter.any()) for parameter in bundle.predictor.network.parameters())
