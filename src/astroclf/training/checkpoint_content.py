"""Content of a checkpoint, as a pydantic model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from astroclf.data.preprocess import Preprocess
from astroclf.training.precision import Precision
from astroclf.training.progress import Progress


class Part(BaseModel):
    """A part of a checkpoint; keys beyond those that are listed are kept as they are."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow")


class Configuration(Part):
    """The plain configuration of the run; `read_settings` checks its values."""

    trainer: dict[str, Any]
    tracking: Any


class EmaState(Part):
    """State of `WeightEma`."""

    steps: int
    weights: dict[str, Tensor]


class LearnerState(Part):
    """The state of `Learner`; the optimizer checks its own part."""

    network: dict[str, Tensor]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    scaler: dict[str, Any]
    ema: EmaState | None


class RandomStates(Part):
    """The states of the random generators (see `random_states`)."""

    cpu: Tensor
    cuda: list[Tensor]


class CheckpointContent(Part):
    """Everything that a run needs in order to be resumed."""

    format: int
    config: Configuration
    fingerprint: str
    backbone: str
    frozen_hash: str
    warning: str
    device_type: str
    preprocess: Preprocess
    precision: Precision
    learner: LearnerState
    best: dict[str, Tensor]
    progress: Progress
    random_states: RandomStates
