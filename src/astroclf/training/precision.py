"""Precision and memory format of training."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import nn

from astroclf.data.batches import Batch
from astroclf.device import float32_arithmetic, has_tf32
from astroclf.errors import UserError
from astroclf.settings import sections

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Precision:
    """Precision and memory format of training.

    name: fp32, tf32, bf16 or fp16. channels_last: memory format.

    The weights stay in float32. bf16 and fp16 are mixed precision (autocast); tf32 rounds what
    enters a convolution or matrix product on a GPU to 10 bits, and fp32 rounds nothing.
    """

    name: str
    channels_last: bool

    def __str__(self) -> str:
        return f"{self.name} {'channels_last' if self.channels_last else 'contiguous'}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def arithmetic(self) -> AbstractContextManager[None]:
        """Compute float32 in TensorFloat-32 or in full, in forward and backward passes."""
        return float32_arithmetic(tf32=self.name == "tf32")

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        """Run forward passes in bf16 or fp16 (mixed precision), where that is the precision."""
        dtype = DTYPES.get(self.name)
        return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)

    def place(self, network: nn.Module, device: torch.device) -> nn.Module:
        """Return the network, moved to the device and into the memory format."""
        form = torch.channels_last if self.channels_last else torch.contiguous_format
        return network.to(device).to(memory_format=form)

    def place_images(self, images: torch.Tensor) -> torch.Tensor:
        form = torch.channels_last if self.channels_last else torch.contiguous_format
        return images.contiguous(memory_format=form)

    def place_batch(self, batch: Batch) -> Batch:
        """Return the batch with its images in the memory format."""
        return replace(batch, image=self.place_images(batch.image))


def list_candidates(settings: sections.Trainer, device: torch.device) -> list[Precision]:
    """Return every pair that the settings allow on the device, from the most exact and simplest on.

    Raises UserError for a precision that the device does not have.
    """
    formats = [False, True] if settings.channels_last == "auto" else [settings.channels_last]
    precisions: list[str] = [settings.precision]
    if settings.precision == "auto":
        precisions = _automatic_precisions(device)
    elif settings.precision == "fp16" and device.type == "cpu":
        raise UserError(
            "trainer.precision=fp16: for GPUs only. Choose auto, bf16 or fp32 on a CPU."
        )
    elif settings.precision == "tf32" and not has_tf32(device):
        raise UserError(
            f"trainer.precision=tf32: {device} has no TensorFloat-32, which NVIDIA GPUs have from "
            "compute capability 8.0 on. Choose auto, bf16 or fp32."
        )
    return [Precision(*pair) for pair in product(precisions, formats)]


def _automatic_precisions(device: torch.device) -> list[str]:
    if device.type == "mps":
        return ["fp32"]
    if device.type == "cuda":
        low = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        return ["fp32", "tf32", low] if has_tf32(device) else ["fp32", low]
    return ["fp32", "bf16"]
