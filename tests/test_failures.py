from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from astroclf.errors import UserError
from astroclf.failures import explain_error, is_out_of_memory
from astroclf.files import replace_file


class FullDisk:
    """Stream of a full disk."""

    def write(self, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None: ...


def test_a_user_error_is_explained_by_its_message() -> None:
    assert explain_error(UserError("seed=-1 does not fit.")) == "seed=-1 does not fit."


def test_a_defect_is_not_explained() -> None:
    assert explain_error(ZeroDivisionError()) is None
    assert explain_error(RuntimeError("shapes differ")) is None


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught, replace_file(tmp_path / "x.csv"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert explain_error(caught.value) == (
        f"{tmp_path}/x.csv cannot be written: No space left on device. Free some space; files "
        "written before are intact."
    )


def test_a_checkpoint_that_does_not_fit_on_the_disk_is_explained() -> None:
    with pytest.raises((OSError, RuntimeError)) as caught:
        torch.save({"weights": torch.zeros(10)}, FullDisk())  # type: ignore[arg-type]
    assert "No space left on device" in (explain_error(caught.value) or "")


def test_weights_that_cannot_be_written_are_explained(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="No such file") as caught:
        save_file({"weights": torch.zeros(1)}, tmp_path / "gone/weights.safetensors")
    assert "No such file or directory" in (explain_error(caught.value) or "")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        torch.OutOfMemoryError("CUDA out of memory."),
    ],
)
def test_too_little_memory_is_explained(error: Exception) -> None:
    assert is_out_of_memory(error)
    assert (explain_error(error) or "").startswith("Out of memory (")
