"""One file that holds all a stopped run needs, replaced as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from astroclf.errors import UserError
from astroclf.files import replace_file

FORMAT = 5


def checkpoint_path(folder: Path) -> Path:
    """Where the checkpoint of a run lies."""
    return folder / "checkpoint" / "last.pt"


def write_checkpoint(folder: Path, content: dict[str, Any]) -> None:
    """Replace the checkpoint of the run in one step, so that a kill leaves the old or the new one.

    content: nested dicts and lists of tensors, numbers, strings and None, nothing else.
    """
    path = checkpoint_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as file:
        torch.save({"format": FORMAT, **content}, file)


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """What `write_checkpoint` was given, with every tensor on the CPU.

    Raises UserError if there is no checkpoint, or none that can be read.
    """
    path = checkpoint_path(folder)
    if not path.is_file():
        raise UserError(
            f"resume={folder}: there is no {path}; give the folder of a run that has started to train."
        )
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(
            f"resume={folder}: {path} cannot be read, it is cut short or not a checkpoint of ours "
            f"({type(error).__name__}); start the run anew."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(
            f"resume={folder}: {path} was written by another version; start the run anew."
        )
    return content


def random_states() -> dict[str, Any]:
    """The state of every generator that training draws from outside its batches: dropout's."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": gpus}


def restore_random_states(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
