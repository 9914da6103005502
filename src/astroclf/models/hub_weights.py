"""Networks that others have published on the model hub for timm, such as the encoders of Zoobot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

from astroclf.errors import UserError
from astroclf.models.hub import WEIGHT_FILES, find_hub_file

PREFIX = "hf_hub:"
CONFIG = "config.json"


class _Published(BaseModel):
    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_size: tuple[int, int, int]


class _Config(BaseModel):
    """The part of timm's config.json that describes the network and its input."""

    architecture: str
    pretrained_cfg: _Published


@dataclass(frozen=True)
class HubWeights:
    """Weights of a repository of the hub.

    architecture: name of the network in timm. mean, std: normalization of images in 0-1, one number per
    band that they were trained on. file: of the weights.
    """

    architecture: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    file: Path


def is_on_hub(weights: str) -> bool:
    """Return whether the weights are named as hf_hub:<owner>/<name>."""
    return weights.startswith(PREFIX)


@cache
def fetch_hub_weights(weights: str) -> HubWeights:
    """Return the weights named hf_hub:<owner>/<name>, downloaded unless they are in the hub's cache.

    Raise UserError if they cannot be had, or if the repository is not one of timm.
    """
    repository = weights.removeprefix(PREFIX)
    config = _read_config(weights, _file(weights, repository, (CONFIG,)))
    published = config.pretrained_cfg
    file = _file(weights, repository, WEIGHT_FILES)
    return HubWeights(config.architecture, published.mean, published.std, file)


def _file(weights: str, repository: str, names: tuple[str, ...]) -> Path:
    found = find_hub_file(repository, names)
    if isinstance(found, Path):
        return found
    raise UserError(
        f"model.weights={weights} is not available ({found}). Run once where the model hub can be reached and copy "
        "its cache here (HF_HOME), or give a file as model.weights=<file>."
    )


def _read_config(weights: str, file: Path) -> _Config:
    try:
        return _Config.model_validate(json.loads(file.read_text()))
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(
            f"model.weights={weights}: its {CONFIG} does not describe a network of timm. Choose a repository "
            "that timm.create_model can load."
        ) from error
