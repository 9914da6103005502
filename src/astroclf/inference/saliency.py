"""Grad-CAM: the regions of an image that raise the logit of a class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.device import full_precision
from astroclf.inference.predictor import Predictor

BATCH = 64  # images with gradients in memory


@dataclass(frozen=True)
class FeatureMap:
    """The layer whose output Grad-CAM explains.

    name: path of the module in the network. form: of its output, "maps" (B, C, H, W), "channels_last"
    (B, H, W, C), or "tokens" (B, T, C). grid: height and width of the map. prefix: number of tokens
    before those of the patches.
    """

    name: str
    form: str
    grid: tuple[int, int]
    prefix: int = 0

    def as_maps(self, output: Tensor) -> Tensor:
        """Return the output of the layer as (B, C, h, w)."""
        if self.form == "maps":
            return output
        if self.form == "channels_last":
            return output.permute(0, 3, 1, 2)
        patches = output[:, self.prefix :]
        return patches.transpose(1, 2).reshape(len(output), -1, *self.grid)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Grad-CAM of N images: the layer, and maps (N, h, w) float32 in 0-1."""

    layer: FeatureMap
    maps: np.ndarray


def find_feature_map(network: nn.Module, example: Tensor) -> FeatureMap | None:
    """Return the last feature map of a network, or None if it has none.

    That is the last output (B, C, H, W) of more than one position in a forward pass, global and adaptive
    pooling excepted. Of a vision transformer of timm, it is the normalized input of the last block:
    behind it, the patches no longer reach the class token.

    example: (1, C, H, W) network input.
    """
    if hasattr(getattr(network, "backbone", network), "num_prefix_tokens"):
        return _last_block(network)
    shapes: list[tuple[str, tuple[int, ...]]] = []
    with _watch(network, shapes), torch.inference_mode():
        network.eval()
        network(example)
    last = next((each for each in reversed(shapes) if _is_map(network, *each)), None)
    if last is None:
        return None
    name, shape = last
    if _is_channels_last(network):
        return FeatureMap(name, "channels_last", (shape[1], shape[2]))
    return FeatureMap(name, "maps", (shape[2], shape[3]))


def grad_cam(network: nn.Module, layer: FeatureMap, images: Tensor, classes: Tensor) -> Tensor:
    """Return (B, h, w) float32 in 0-1: the evidence for a class at each position of the feature map.

    The map times the gradient of the logit, summed over channels, negative values set to 0, divided by
    the largest value of the image. Where the head averages the map, the gradient is the same at every
    position, and this is Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391); where the head has weights
    for each position, Grad-CAM's mean gradient would show positions that the logit does not use, and the
    gradient of each position is right (HiResCAM: Draelos & Carin 2020, arXiv:2011.08891). 0 everywhere
    for an image without evidence for the class.

    images: (B, C, H, W) network input. classes: (B,) int64.
    """
    found: list[Tensor] = []

    def capture(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        found.append(output.detach().clone().requires_grad_())
        return found[-1].clone()  # the next layer may change it in place

    network.eval()
    handle = network.get_submodule(layer.name).register_forward_hook(capture)
    try:
        with full_precision(), torch.enable_grad():
            logits = network(images)
            score = logits.gather(1, classes[:, None]).sum()
            (gradient,) = torch.autograd.grad(score, found[-1])
    finally:
        handle.remove()
    evidence = layer.as_maps(gradient * found[-1].detach()).sum(dim=1).relu().float()
    largest = evidence.amax(dim=(1, 2), keepdim=True)
    return evidence / torch.where(largest > 0, largest, torch.ones_like(largest))


@contextmanager
def _watch(network: nn.Module, shapes: list[tuple[str, tuple[int, ...]]]) -> Iterator[None]:
    """Append the name and the shape of the output of every module, in the order of their ends."""

    def note(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                shapes.append((name, tuple(output.shape)))

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in network.named_modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _is_map(network: nn.Module, name: str, shape: tuple[int, ...]) -> bool:
    if len(shape) != 4 or "Adaptive" in type(network.get_submodule(name)).__name__:
        return False
    height, width = shape[1:3] if _is_channels_last(network) else shape[2:4]
    return height * width > 1


def _is_channels_last(network: nn.Module) -> bool:
    return getattr(getattr(network, "backbone", network), "output_fmt", "NCHW") == "NHWC"


def _last_block(network: nn.Module) -> FeatureMap | None:
    """Return the normalized input of the last block of a vision transformer of timm, else None."""
    backbone: Any = getattr(network, "backbone", network)
    prefix = backbone.num_prefix_tokens
    grid = getattr(getattr(backbone, "patch_embed", None), "grid_size", None)
    blocks = getattr(backbone, "blocks", None)
    if grid is None or not isinstance(blocks, nn.Sequential | nn.ModuleList):
        return None
    norm = getattr(blocks[-1], "norm1", None)
    for name, module in network.named_modules():
        if module is norm:
            return FeatureMap(name, "tokens", (int(grid[0]), int(grid[1])), int(prefix))
    return None


def explain(predictor: Predictor, images: np.ndarray, classes: np.ndarray) -> Explanation | None:
    """Return the Grad-CAM of stored images for one class each, or None for a network without a map.

    images: (N, C, H, W) as a data set stores them, N > 0. classes: (N,) int64.
    """
    network, preprocess = predictor.network, predictor.preprocess
    stored = torch.from_numpy(np.array(images, np.float32)).to(predictor.device)
    inputs = preprocess.normalize(preprocess.scale(stored))
    layer = find_feature_map(network, inputs[:1])
    if layer is None:
        return None
    chosen = torch.from_numpy(classes).to(predictor.device)
    parts = [
        grad_cam(network, layer, inputs[start : start + BATCH], chosen[start : start + BATCH])
        for start in range(0, len(inputs), BATCH)
    ]
    return Explanation(layer, torch.cat(parts).cpu().numpy())
