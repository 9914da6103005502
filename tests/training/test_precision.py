"""Precision and memory format."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from astroclf.errors import UserError
from astroclf.training import precision as module
from astroclf.training.precision import Precision, list_candidates

CPU = torch.device("cpu")
IMAGES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_candidates_are_those_the_settings_allow(settings: Any) -> None:
    def listed(precision: str, channels_last: str) -> list[str]:
        overrides = (f"trainer.precision={precision}", f"trainer.channels_last={channels_last}")
        return [str(each) for each in list_candidates(settings(*overrides).trainer, CPU)]

    assert listed("auto", "false") == ["fp32 contiguous", "bf16 contiguous"]
    assert listed("fp32", "auto") == ["fp32 contiguous", "fp32 channels_last"]
    assert len(listed("auto", "auto")) == 4


@pytest.mark.parametrize(
    ("has_tf32", "has_bf16", "expected"),
    [
        (True, True, ["fp32", "tf32", "bf16"]),
        (False, True, ["fp32", "bf16"]),
        (False, False, ["fp32", "fp16"]),
    ],
)
def test_a_gpu_adds_the_precisions_that_it_has(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    has_tf32: bool,
    has_bf16: bool,
    expected: list[str],
) -> None:
    monkeypatch.setattr(module, "has_tf32", lambda device: has_tf32)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: has_bf16)
    trainer = settings("trainer.precision=auto", "trainer.channels_last=true").trainer
    listed = list_candidates(trainer, torch.device("cuda"))
    assert [each.name for each in listed] == expected


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        ("fp16", r"trainer\.precision=fp16: for GPUs only"),
        ("tf32", r"trainer\.precision=tf32: cpu has no TensorFloat-32"),
    ],
)
def test_a_precision_that_a_cpu_does_not_have_is_refused(
    settings: Any, precision: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        list_candidates(settings(f"trainer.precision={precision}").trainer, CPU)


def test_placing_changes_the_memory_format_and_no_number() -> None:
    placed = Precision("fp32", channels_last=True).place_images(IMAGES)
    assert placed.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(placed, IMAGES)
    back = Precision("fp32", channels_last=False).place_images(placed)
    assert back.is_contiguous()


def test_autocast_computes_in_the_precision() -> None:
    network = nn.Conv2d(3, 4, 3)
    with Precision("bf16", False).autocast(CPU):
        assert network(IMAGES).dtype == torch.bfloat16
    with Precision("fp32", False).autocast(CPU):
        assert network(IMAGES).dtype == torch.float32


@pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
def test_tensor_float_32_is_used_by_tf32_alone(precision: str) -> None:
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    with Precision(precision, False).arithmetic():
        assert torch.backends.cudnn.allow_tf32 == (precision == "tf32")
        assert torch.backends.cuda.matmul.allow_tf32 == (precision == "tf32")
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == before
