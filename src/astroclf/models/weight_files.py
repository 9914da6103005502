"""Weights files: of a bundle, of PyTorch or of safetensors."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from astroclf.errors import UserError, one_line
from astroclf.models.bundle_files import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    read_description,
    read_weights,
)
from astroclf.models.hub_weights import fetch_hub_weights, is_on_hub

SIMULATED = "simulated-"  # begins the folder of a network pretrained on simulated galaxies
# Keys of the state dict in files of common training scripts, and prefixes of its names.
WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema")
PREFIXES = ("module.", "_orig_mod.")


def path_of(weights: str) -> Path:
    """Return the path of `model.weights`, downloaded from the hub if that is its name.

    Raises UserError if the hub does not provide it.
    """
    return fetch_hub_weights(weights).file if is_on_hub(weights) else Path(weights)


def file_of(path: Path) -> Path:
    """Return the file of weights at a path: the path itself, or the file of the bundle there.

    Raises UserError if there is none.
    """
    file = path / WEIGHTS_FILE if path.is_dir() else path
    if not file.is_file():
        remedy = ""
        if path.parent.name.startswith(SIMULATED):
            name = path.parent.name.removeprefix(SIMULATED)
            remedy = f" Train it first: experiment=pretrain_simulated model.name={name}."
        raise UserError(f"model.weights={file}: there is no such file.{remedy}")
    return file


def bundle_of(path: Path) -> Path | None:
    """Return the folder of a bundle from its path or that of its weights; None for other files."""
    file = file_of(path)
    is_bundle = file.name == WEIGHTS_FILE and file.with_name(DESCRIPTION_FILE).is_file()
    return file.parent if is_bundle else None


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file or a bundle, by name, on the CPU.

    Checksums are verified if the file has them: in a bundle, and in the zip format of PyTorch.
    Raises UserError if the file cannot be read, is damaged, holds NaN or no weights.
    """
    folder = bundle_of(path)
    if folder is not None:
        return read_weights(folder, read_description(folder).get("weights_checksum"))
    file = file_of(path)
    state = _load(file)
    while isinstance(state, Mapping) and (inside := [key for key in WRAPPERS if key in state]):
        state = state[inside[0]]
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise UserError(f"model.weights={file} holds no table of weights (a state dict).")
    weights = {_without_prefix(str(name)): value for name, value in state.items()}
    odd = [n for n, w in weights.items() if w.is_floating_point() and w.isnan().any()]
    if odd:
        raise UserError(
            f"model.weights={file} is damaged, or of a training that diverged: {odd[0]} holds NaN. "
            "Download it again, or choose another file."
        )
    return weights


def _load(file: Path) -> object:
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        _require_checksums(file)
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise a dozen kinds
        raise UserError(
            f"model.weights={file} cannot be read as weights: {one_line(error)}"
        ) from error


def _require_checksums(file: Path) -> None:
    """Raise ValueError if the content of a zip file does not match its checksums, which
    `torch.load` does not compare."""
    if not zipfile.is_zipfile(file):
        return  # the older format of PyTorch has none
    with zipfile.ZipFile(file) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"it is damaged ({damaged} does not match its checksum)")


def _without_prefix(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name
