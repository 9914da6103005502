"""Which device to train on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from astroclf.errors import UserError
from astroclf.training.memory import keep_freed_memory


def choose_device(wanted: str) -> torch.device:
    """The device of that name, ready to train; `auto` is the GPU where there is one, else the CPU.

    Raises UserError if there is no such device here.
    """
    device = _find_device(wanted)
    if device.type == "cpu":
        keep_freed_memory()
    return device


def _find_device(wanted: str) -> torch.device:
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise UserError(
            f"trainer.device={wanted} is not a device: choose auto, cuda, cuda:<number>, mps or cpu."
        ) from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise UserError(
            f"trainer.device={wanted} is not there on this machine: choose auto or cpu."
        )
    return device


def describe_device(device: torch.device) -> str:
    """The name of the hardware, for records."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        return f"cpu ({torch.get_num_threads()} threads)"
    return str(device)


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory the device held for us since the start; of a CPU, the most that the process had."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def wait_for(device: torch.device) -> None:
    """Return once the device has done all it was given, so that a clock tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def full_precision() -> Iterator[None]:
    """Convolutions of float32 numbers are computed in float32.

    A GPU rounds their inputs to TensorFloat-32 unless told otherwise, and says other things than the
    CPU from the third digit on.
    """
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
