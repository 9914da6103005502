"""checkpoint/last.pt: the state from which a run is resumed."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError
from astroclf.files import replace_file
from astroclf.integrity import ChecksummedWriter, read_trailer
from astroclf.runs.folder import RunFolder
from astroclf.runs.migrations import migrate_checkpoint_6
from astroclf.runs.schema import FORMER_NAME, VERSION, Schema, refuse_unreadable
from astroclf.training.precision import Precision
from astroclf.training.progress import Progress

SCHEMA = Schema(7, {6: migrate_checkpoint_6})
REMEDY = "Start a new run."


class Part(BaseModel):
    """A part of a checkpoint; keys beyond those that are listed are kept as they are."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow")


class EmaState(Part):
    """State of `WeightEma`."""

    steps: int
    weights: dict[str, Tensor]


class LearnerState(Part):
    """State of `Learner`; the optimizer checks its own part."""

    network: dict[str, Tensor]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    scaler: dict[str, Any]
    ema: EmaState | None


class RandomStates(Part):
    """States of the generators that training draws from outside its batches, for dropout."""

    cpu: Tensor
    cuda: list[Tensor]

    @classmethod
    def now(cls) -> RandomStates:
        """Return the current states."""
        gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        return cls(cpu=torch.get_rng_state(), cuda=gpus)

    def restore(self) -> None:
        """Set the generators; those of GPUs only if their number is the same."""
        torch.set_rng_state(self.cpu)
        if torch.cuda.is_available() and len(self.cuda) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(self.cuda)


class Checkpoint(Part):
    """State of a run apart from its settings.

    fingerprint: of the dataset. backbone: source of the initial weights, and frozen_hash: of those
    that are frozen, which the checkpoint leaves out. warning: about them, or None. best: the weights
    of the best epoch.
    """

    fingerprint: str
    backbone: str
    frozen_hash: str
    warning: str | None
    device_type: str
    preprocess: Preprocess
    precision: Precision
    learner: LearnerState
    best: dict[str, Tensor]
    progress: Progress
    random_states: RandomStates


def write_checkpoint(folder: RunFolder, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint in one step, so that a kill leaves the old or the new one.

    The file ends with a checksum of everything before it: `torch.load` ignores those of its own
    format. Drafts that a killed process left are removed. Raises OSError if the file cannot be
    written.
    """
    path = folder.checkpoint
    path.parent.mkdir(parents=True, exist_ok=True)
    for draft in path.parent.glob(f".{path.name}.*.draft"):
        draft.unlink(missing_ok=True)
    with replace_file(path) as file:
        writer = ChecksummedWriter(file)
        try:
            content = {VERSION: SCHEMA.version, **checkpoint.model_dump()}
            torch.save(content, writer)  # type: ignore[arg-type]
        except RuntimeError as error:
            raise writer.failure or error from error
        writer.write_trailer()


def read_checkpoint(folder: RunFolder) -> Checkpoint:
    """Return the checkpoint of a run, with every tensor on the CPU.

    Raises UserError if there is none, or if it is unreadable, damaged or of a version that cannot be
    read.
    """
    key = f"resume={folder.path}"
    if not folder.checkpoint.is_file():
        raise UserError(
            f"{key}: there is no {folder.checkpoint}. Give the folder of a run that has started to train."
        )
    content = _read(folder, key)
    with refuse_unreadable(folder.checkpoint, REMEDY, key):
        return Checkpoint.model_validate(content)


def read_former_config(folder: RunFolder, key: str) -> dict[str, Any] | None:
    """Return the settings that former versions kept in the checkpoint, None without them.

    key: the setting that named the folder.
    """
    config: dict[str, Any] | None = _read(folder, key).get("config")
    return config


def _read(folder: RunFolder, key: str) -> dict[str, Any]:
    """Return the content of the file in the current version."""
    path = folder.checkpoint
    with refuse_unreadable(path, REMEDY, key):
        is_whole = read_trailer(path)
        content = None if is_whole is False else _load(folder)
        version = content.get(VERSION, content.get(FORMER_NAME)) if content else None
        if content is None or type(version) is not int or (version >= 6 and not is_whole):
            raise UserError(
                f"{key}: {path} is truncated, damaged or not an astroclf checkpoint. {REMEDY}"
            )
        return SCHEMA.upgrade(content, path)


def _load(folder: RunFolder) -> dict[str, Any] | None:
    """Return the content of the file, None if it is not a dict that PyTorch has saved."""
    try:
        content = torch.load(folder.checkpoint, map_location="cpu", weights_only=True)
    except Exception:  # torch raises a dozen kinds for a damaged file, OSError among them
        return None
    return content if isinstance(content, dict) else None
