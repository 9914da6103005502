from __future__ import annotations

from typing import Any

import pytest
import torch

from astroclf.errors import UserError
from astroclf.models import build_model, require_model

OWN = "model.target=fixtures.own_options"
SHAPE = {"channels": 3, "outputs": 2, "image_px": 16}


def test_a_custom_network_is_followed_by_a_head(settings: Any) -> None:
    model = settings("model=custom", f"{OWN}.Net", "+model.kwargs.width=5").model
    built = build_model(model, **SHAPE)
    assert built.classifier.width == 10
    assert built.classifier(torch.zeros(4, 3, 16, 16)).shape == (4, 2)
    assert built.backbone == "random"


def test_features_that_no_head_can_read_are_refused(settings: Any) -> None:
    with pytest.raises(UserError, match=r"two images give \(2, 4, 14, 14\), not \(2, width\)"):
        build_model(settings("model=custom", f"{OWN}.Maps").model, **SHAPE)


def test_a_function_is_refused(settings: Any) -> None:
    with pytest.raises(UserError, match=r"hinge: not a class of torch.nn.Module"):
        require_model(
            settings("model=custom", f"{OWN}.hinge", "+model.kwargs={logits:1,targets:1}").model
        )


def test_other_arguments_are_refused_before_the_network_is_made(refusal: Any) -> None:
    sentence = refusal("model=custom", f"{OWN}.Net", "+model.kwargs.widht=5")
    assert sentence.startswith(
        "model.kwargs={'widht': 5}: got an unexpected keyword argument 'widht'."
    )


def test_a_target_is_required(refusal: Any) -> None:
    assert refusal("model=custom") == (
        "model.target=null: not an import path. Give one, such as my_package.my_module.MyClass."
    )
