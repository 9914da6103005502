"""Precision and memory format: chosen by the user, or by a short measurement.

On a CPU the fastest pair depends on the network: some double their speed in channels_last, some in
bf16, some lose by either. The choice is remembered, so that the same run does the same again.
"""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import platform
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import nn

from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.training.device import describe_device, wait_for
from astroclf.training.losses import Loss

log = logging.getLogger(__name__)

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
# bf16 rounds; it must earn that by this much speed before `auto` takes it.
WORTHWHILE_GAIN = 1.03
TIMED_STEPS = 2


@dataclass(frozen=True)
class Numerics:
    """precision: fp32, bf16 or fp16 (mixed, weights stay in fp32); channels_last: memory format."""

    precision: str
    channels_last: bool

    def __str__(self) -> str:
        return f"{self.precision} {'channels_last' if self.channels_last else 'contiguous'}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(device.type, dtype=DTYPES[self.precision])

    def place(self, network: nn.Module, device: torch.device) -> nn.Module:
        """The network on the device, in the memory format."""
        form = torch.channels_last if self.channels_last else torch.contiguous_format
        return network.to(device).to(memory_format=form)

    def place_images(self, images: torch.Tensor) -> torch.Tensor:
        form = torch.channels_last if self.channels_last else torch.contiguous_format
        return images.contiguous(memory_format=form)


def choose_numerics(
    settings: sections.Trainer,
    network: nn.Module,
    loss: Loss,
    images: torch.Tensor,
    targets: torch.Tensor,
    device: torch.device,
    memory: Path,
) -> Numerics:
    """What the settings ask for; `auto` is the fastest of what can be chosen.

    images, targets: one training batch on the device. memory: the file that remembers earlier
    measurements on this machine. The network is left as it is.
    """
    if settings.precision == "fp16" and device.type == "cpu":
        raise UserError("trainer.precision=fp16 is for GPUs: choose auto, bf16 or fp32 on a CPU.")
    candidates = list_candidates(settings, device)
    if len(candidates) == 1:
        return candidates[0]
    key = _key(network, images, candidates, device)
    known = _recall(memory, key)
    if known is None:
        log.info("measuring which precision and memory format are fastest here (once)")
        known = fastest(measure(candidates, network, loss, images, targets, device))
        _remember(memory, key, known)
    return known


def list_candidates(settings: sections.Trainer, device: torch.device) -> list[Numerics]:
    """Every precision and memory format that the settings allow on this device."""
    precisions = ["fp32", "bf16"] if settings.precision == "auto" else [settings.precision]
    if (
        device.type == "cuda"
        and settings.precision == "auto"
        and not torch.cuda.is_bf16_supported()
    ):
        precisions = ["fp32", "fp16"]
    if device.type == "mps" and settings.precision == "auto":
        precisions = ["fp32"]
    formats = [False, True] if settings.channels_last == "auto" else [settings.channels_last]
    return [Numerics(*pair) for pair in product(precisions, formats)]


def measure(
    candidates: list[Numerics],
    network: nn.Module,
    loss: Loss,
    images: torch.Tensor,
    targets: torch.Tensor,
    device: torch.device,
) -> dict[Numerics, float]:
    """Seconds of one forward and backward pass with each candidate, the faster of two."""
    with torch.random.fork_rng():
        return {
            candidate: _step_time_s(candidate, network, loss, images, targets, device)
            for candidate in candidates
        }


def fastest(times_s: dict[Numerics, float]) -> Numerics:
    """The fastest, where a lower precision counts only if it is clearly faster."""

    def cost(numerics: Numerics) -> float:
        return times_s[numerics] * (1 if numerics.precision == "fp32" else WORTHWHILE_GAIN)

    return min(times_s, key=cost)


def _step_time_s(
    numerics: Numerics,
    network: nn.Module,
    loss: Loss,
    images: torch.Tensor,
    targets: torch.Tensor,
    device: torch.device,
) -> float:
    trial = numerics.place(copy.deepcopy(network), device).train()
    images = numerics.place_images(images)
    times_s = []
    for _ in range(1 + TIMED_STEPS):  # the first one warms up
        wait_for(device)
        start = time.perf_counter()
        with numerics.autocast(device):
            logits = trial(images)
        loss(logits.float(), targets).mean().backward()
        wait_for(device)
        times_s.append(time.perf_counter() - start)
    return min(times_s[1:])


def _key(
    network: nn.Module, images: torch.Tensor, candidates: list[Numerics], device: torch.device
) -> str:
    """What the fastest choice depends on: machine, software, network, what of it trains, shape, choices."""
    weights = [(tuple(each.shape), each.requires_grad) for each in network.parameters()]
    facts = (
        platform.processor(),
        platform.machine(),
        describe_device(device),
        torch.__version__,
        type(network).__name__,
        weights,
        tuple(images.shape),
        candidates,
    )
    return hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()


def _recall(memory: Path, key: str) -> Numerics | None:
    try:
        return Numerics(**_known(memory)[key])
    except (KeyError, TypeError):
        return None


def _remember(memory: Path, key: str, numerics: Numerics) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{memory}.lock"):
        content = {**_known(memory), key: numerics.to_dict()}
        memory.write_text(json.dumps(content, indent=1))


def _known(memory: Path) -> dict[str, Any]:
    """What was measured before; nothing where the file is missing or spoilt."""
    try:
        content = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
