from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from astroclf.data.preprocess import Preprocess
from astroclf.inference.predictor import Predictor
from astroclf.tasks.prediction.identity import checksum_of


def make_model(weight: float, mean: float = 0.0, **facts: object) -> Any:
    network = nn.Linear(1, 1)
    nn.init.constant_(network.weight, weight)
    nn.init.zeros_(network.bias)
    predictor = Predictor(network, Preprocess("linear", (1.0,), (mean,), (1.0,)))
    known: dict[str, Any] = {
        "classes": ("a", "b"),
        **dict.fromkeys(("decision", "framing", "cutouts", "depth")),
    }
    known |= {"image_px": 8}
    return SimpleNamespace(predictor=predictor, **{**known, **facts})


def test_the_checksum_follows_weights_preprocessing_and_decision() -> None:
    first = checksum_of(make_model(1.0))
    assert checksum_of(make_model(1.0)) == first
    others = [make_model(2.0), make_model(1.0, mean=0.5), make_model(1.0, decision="other")]
    others.append(make_model(1.0))
    others[-1].predictor = replace(others[-1].predictor, tta_views=8)
    assert len({first, *map(checksum_of, others)}) == 5


def test_the_checksum_does_not_depend_on_the_layout_of_the_weights() -> None:
    model = make_model(1.0)
    before = checksum_of(model)
    model.predictor.network.weight.data = torch.ones(1, 1).t()
    assert checksum_of(model) == before
