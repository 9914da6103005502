"""Weights from a file, put into a network strictly: what does not fit is said or refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from astroclf.errors import UserError

# Where training scripts keep the weights inside what they save.
WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema")
PREFIXES = ("module.", "model.", "_orig_mod.")


def load_weights(network: nn.Module, path: Path) -> str:
    """Put the weights of a file into the network; returns what a user should know, or "".

    The names of the weights must be the network's, or their order and shapes must agree with it.
    A head for other classes is left at its random start, and a first convolution for other bands
    is adapted (timm's rule: bands repeat the colours, grey sums them).

    Raises UserError if the file cannot be read or holds the weights of another network.
    """
    found = _read(path)
    wanted = network.state_dict()
    matched = _match(found, wanted, path)
    head = _head_names(network, wanted)
    said = []
    stem = next(iter(wanted))
    if matched[stem].shape != wanted[stem].shape and matched[stem].ndim == 4:
        matched[stem] = _adapt_stem(matched[stem], wanted[stem].shape[1])
        said.append(f"its first convolution was adapted to {wanted[stem].shape[1]} bands")
    new_head = [name for name in head if matched[name].shape != wanted[name].shape]
    for name in new_head:
        matched[name] = wanted[name]
    if new_head:
        said.append("its head starts at random, since it is for other classes")
    odd = [name for name in wanted if matched[name].shape != wanted[name].shape]
    if odd:
        raise UserError(
            f"model.weights={path} holds another network: {odd[0]} is {tuple(matched[odd[0]].shape)} there and "
            f"{tuple(wanted[odd[0]].shape)} here, and {len(odd) - 1} more differ."
        )
    network.load_state_dict(matched, strict=True)
    return f"model.weights={path}: {'; '.join(said)}." if said else ""


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(f"model.weights={path}: there is no such file.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: object = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(
            f"model.weights={path} cannot be read as weights: {' '.join(str(error).split())[:200]}"
        ) from error
    while isinstance(state, Mapping) and (inside := [key for key in WRAPPERS if key in state]):
        state = state[inside[0]]
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise UserError(f"model.weights={path} holds no table of weights (a state dict).")
    return {_without_prefix(str(name)): value for name, value in state.items()}


def _without_prefix(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _match(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path
) -> dict[str, Tensor]:
    """The found weights under the wanted names: by name, else by order where shapes agree."""
    if set(found) >= set(wanted):
        return {name: found[name] for name in wanted}
    ours, theirs = list(wanted), list(found)
    same_order = len(ours) == len(theirs) and all(
        wanted[mine].ndim == found[other].ndim and wanted[mine].shape[2:] == found[other].shape[2:]
        for mine, other in zip(ours, theirs, strict=True)
    )
    if same_order:
        return {mine: found[other] for mine, other in zip(ours, theirs, strict=True)}
    missing = [name for name in ours if name not in found]
    extra = [name for name in theirs if name not in wanted]
    raise UserError(
        f"model.weights={path} holds another network: it lacks {len(missing)} of {len(ours)} weights "
        f"(first {missing[0]}) and has {len(extra)} others (first {extra[0] if extra else 'none'}), "
        "and their order and shapes do not agree either."
    )


def _head_names(network: nn.Module, wanted: Mapping[str, Tensor]) -> list[str]:
    """Names of the weights of the last layer, which depends on the classes."""
    layers = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    last = layers[-1] if layers else list(wanted)[-1].rpartition(".")[0]
    return [name for name in wanted if name.startswith(f"{last}.")]


def _adapt_stem(weight: Tensor, channels: int) -> Tensor:
    from timm.models import adapt_input_conv

    adapted: Tensor = adapt_input_conv(channels, weight)
    return adapted
