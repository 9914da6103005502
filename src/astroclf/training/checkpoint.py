"""Checkpoint: one file with all that resuming a run needs, replaced as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from astroclf.errors import UserError
from astroclf.files import replace_file
from astroclf.integrity import ChecksummedWriter, describe_damage, read_trailer
from astroclf.runs.folder import RunFolder
from astroclf.training.checkpoint_content import CheckpointContent

FORMAT = 7


def checkpoint_path(folder: Path) -> Path:
    """Return where the checkpoint of a run is written."""
    return RunFolder(folder).checkpoint


def write_checkpoint(folder: Path, content: dict[str, Any]) -> None:
    """Replace the checkpoint of the run in one step, so that a kill leaves the old or the new one.

    The file ends with a checksum of everything before it: `torch.load` ignores those of its own
    format. Drafts that a killed process left are removed.

    content: what `CheckpointContent` lists, as nested dicts and lists of tensors, numbers, strings
    and None. Raises OSError if the file cannot be written.
    """
    path = checkpoint_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    for draft in path.parent.glob(f".{path.name}.*.draft"):
        draft.unlink(missing_ok=True)
    with replace_file(path) as file:
        writer = ChecksummedWriter(file)
        try:
            torch.save({"format": FORMAT, **content}, writer)  # type: ignore[arg-type]
        except RuntimeError as error:
            raise writer.failure or error from error
        writer.write_trailer()


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """Return what `write_checkpoint` was given, with every tensor on the CPU.

    Raises UserError if there is no checkpoint, or if it is unreadable, damaged or of another
    version.
    """
    path = checkpoint_path(folder)
    try:
        if not path.is_file():
            raise UserError(
                f"resume={folder}: there is no {path}; give the folder of a run that has started to train."
            )
        matches = read_trailer(path)
        content = _load(path) if matches is not False else None
    except OSError as error:
        raise UserError(
            f"resume={folder}: {path} cannot be read ({error.strerror or error}). "
            "Check its permissions and its disk."
        ) from error
    version = content.get("format") if isinstance(content, dict) else None
    if type(version) is not int or (version == FORMAT and not matches):
        raise UserError(
            f"resume={folder}: {path} is truncated, damaged or not an astroclf checkpoint. "
            "Start a new run."
        )
    if version != FORMAT:
        raise UserError(
            f"resume={folder}: {path} was written by another version of astroclf (format {version}, this "
            f"one reads {FORMAT}). Resume with that version, or start a new run."
        )
    try:
        return CheckpointContent.model_validate(content).model_dump()
    except ValueError as error:
        raise UserError(
            f"resume={folder}: {path} does not hold what a checkpoint holds ({describe_damage(error)}). "
            "Start a new run."
        ) from error


def _load(path: Path) -> object:
    """Return the content of a file of PyTorch, or None if it is none."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises a dozen kinds for a damaged file, OSError among them
        return None


def random_states() -> dict[str, Any]:
    """The state of every generator that training draws from outside its batches: dropout's."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": gpus}


def restore_random_states(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
