"""Loading of a weights file into a classifier: strict, with a warning for each adaptation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from astroclf.errors import UserError, counted
from astroclf.models.classifier import Classifier
from astroclf.models.stem import adapt_stems
from astroclf.models.weight_files import read_state

TORCHVISION = "features.0.0.weight"  # first weight of its mobile networks
TORCHVISION_EPS = 1e-3  # of batch norm in these; no file of weights holds it
OF_ANOTHER_EPS = ("mobilenetv3", "efficientnetv2")
POSITIONS = "pos_embed"  # position embedding of a vision transformer
HEAD_TENSORS = 2  # weight and bias of the head of a published network


def load_weights(classifier: Classifier, path: Path, channels: int) -> str | None:
    """Load the weights of a file into the classifier; return a warning, or None.

    path: a state dict (of PyTorch or safetensors) or a bundle of ours. The names of its weights must
    be those of the backbone, or their order and shapes must agree with it, as torchvision's do for
    most networks (a dense layer may stand for a convolution of the whole map); a head beyond them is
    left out. The head of a bundle is loaded too, if it is for as many classes. A first convolution
    for other bands is adapted (see `models.stem`), and so are the position embeddings of a vision transformer for images of another size.

    Raises UserError if the file cannot be read or holds the weights of another network.
    """
    found = read_state(path)
    adapted, head = [], classifier.head.state_dict()
    if all(name.startswith(("backbone.", "head.")) for name in found):
        its_head, found = _part(found, "head."), _part(found, "backbone.")
        if _shapes(its_head) == _shapes(head):
            head = its_head
        else:
            adapted.append(
                "its head is another one (other classes, hidden units or features), so the head starts from random weights"
            )
    wanted = classifier.backbone.state_dict()
    matched = _match(found, wanted, path)
    matched, is_adapted = adapt_stems(matched, wanted, channels)
    if is_adapted:
        adapted.append(f"its first convolution was adapted to {counted(channels, 'band')}")
    resampled = _resample_positions(matched, wanted, classifier.backbone)
    if resampled is not None:
        matched[POSITIONS] = resampled
        adapted.append("its positions were resampled to images of another size")
    odd = [name for name in wanted if matched[name].shape != wanted[name].shape]
    if odd:
        raise UserError(
            f"model.weights={path} holds another network: {odd[0]} is {tuple(matched[odd[0]].shape)} there and "
            f"{tuple(wanted[odd[0]].shape)} here, and {len(odd) - 1} more differ."
        )
    if TORCHVISION in found and _has_another_eps(classifier.backbone):
        adapted.append(
            f"torchvision adds {TORCHVISION_EPS:g} to the variances of batch norm in this network, where timm adds less, so "
            "that a frozen backbone gives other features: choose finetune=full, or weights that timm published"
        )
    classifier.backbone.load_state_dict(matched, strict=True)
    classifier.head.load_state_dict(head)
    return f"model.weights={path}: {'; '.join(adapted)}." if adapted else None


def _part(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in weights.items()}


def _match(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path
) -> dict[str, Tensor]:
    """Return the found weights under the wanted names: by name, else by order if shapes agree."""
    if set(found) >= set(wanted) and len(found) - len(wanted) <= HEAD_TENSORS:
        return {name: found[name] for name in wanted}
    ours, theirs = list(wanted), list(found)
    if len(theirs) - len(ours) in (0, HEAD_TENSORS):
        pairs = list(zip(ours, theirs, strict=False))
        if all(_agree(wanted[mine], found[other]) for mine, other in pairs):
            return {mine: _in_axes_of(wanted[mine], found[other]) for mine, other in pairs}
    missing = [name for name in ours if name not in found]
    extra = [name for name in theirs if name not in wanted]
    raise UserError(
        f"model.weights={path} holds another network: it lacks {len(missing)} of {len(ours)} weights "
        f"(first {missing[0] if missing else 'none'}) and has {len(extra)} others (first {extra[0] if extra else 'none'}), "
        "and their order and shapes do not agree either."
    )


def _agree(mine: Tensor, other: Tensor) -> bool:
    """Return whether shapes are the same, except for the bands of a convolution and unit axes."""
    if mine.ndim == other.ndim == 4:
        return mine.shape[0] == other.shape[0] and mine.shape[2:] == other.shape[2:]
    return _in_axes_of(mine, other).shape == mine.shape


def _in_axes_of(mine: Tensor, other: Tensor) -> Tensor:
    """Return the found weight in the axes of the wanted one, if both hold the same numbers.

    Libraries differ: a dense layer may be a convolution of the whole map, and (K, 1, 1) may be (K,).
    """
    same_numbers = mine.shape[:1] == other.shape[:1] and mine.numel() == other.numel()
    return other.reshape(mine.shape) if mine.ndim != other.ndim and same_numbers else other


def _has_another_eps(backbone: nn.Module) -> bool:
    published = getattr(backbone, "pretrained_cfg", None) or {}
    if not str(published.get("architecture", "")).startswith(OF_ANOTHER_EPS):
        return False
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    return any(norm.eps != TORCHVISION_EPS for norm in norms)


def _resample_positions(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], transformer: nn.Module
) -> Tensor | None:
    """Return the found position embeddings on the wanted grid, if only the grid size differs."""
    grid = getattr(getattr(transformer, "patch_embed", None), "grid_size", None)
    if grid is None or POSITIONS not in wanted:
        return None
    theirs, ours = found[POSITIONS], wanted[POSITIONS]
    if theirs.shape == ours.shape or theirs.ndim != 3 or ours.ndim != 3:
        return None
    prefix = ours.shape[1] - grid[0] * grid[1]
    patches = theirs.shape[1] - prefix
    if prefix < 0 or patches <= 0 or math.isqrt(patches) ** 2 != patches:
        return None
    from timm.layers import resample_abs_pos_embed

    resampled: Tensor = resample_abs_pos_embed(theirs, list(grid), num_prefix_tokens=prefix)
    return resampled
