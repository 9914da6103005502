"""Device: choice, description, memory and precision of float32."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch

from astroclf.allocator import keep_freed_memory
from astroclf.errors import UserError


def choose_device(name: str, key: str = "trainer.device") -> torch.device:
    """Return the device of that name; `auto` is the GPU if there is one, else the CPU.

    Raises UserError if this machine has no such device.
    """
    device = _find_device(name, key)
    if device.type == "cpu":
        keep_freed_memory()
    return device


def _find_device(name: str, key: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(
            f"{key}={name} is not a device. Choose auto, cuda, cuda:<number>, mps or cpu."
        ) from error
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(device.type, False):
        raise UserError(f"{key}={name} is not available on this machine. Choose auto or cpu.")
    return device


def describe_device(device: torch.device) -> str:
    """Return the name of the hardware, for records."""
    if device.type == "cuda":
        return f"{device} ({device_name(device)})"
    if device.type == "cpu":
        threads = torch.get_num_threads()
        return f"cpu ({threads} thread{'s' if threads > 1 else ''})"
    return str(device)


def device_name(device: torch.device) -> str:
    """Return the model of a GPU, or the instruction set of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    return device.type


def peak_memory_bytes(device: torch.device) -> int:
    """Return the peak memory of this process on the device since the start; on a CPU its peak resident set."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def wait_for(device: torch.device) -> None:
    """Synchronize with the device, before a time is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def has_tf32(device: torch.device) -> bool:
    """Return whether the device computes in TensorFloat-32: NVIDIA GPUs from Ampere on."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@contextmanager
def float32_arithmetic(*, tf32: bool) -> Iterator[None]:
    """Compute convolutions and matrix products of float32 numbers in float32, or in TensorFloat-32.

    PyTorch's default on a GPU is TensorFloat-32 for convolutions, which agrees with a CPU to three
    digits only.
    """
    backends: tuple[Any, ...] = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = tf32
    try:
        yield
    finally:
        for backend, allowed in zip(backends, before, strict=True):
            backend.allow_tf32 = allowed


def full_precision() -> AbstractContextManager[None]:
    """Compute in full float32 precision, for everything that is reported or stored."""
    return float32_arithmetic(tf32=False)
