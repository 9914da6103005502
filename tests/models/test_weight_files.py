"""Damaged files of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from astroclf.errors import UserError
from astroclf.models.weight_files import read_state

WEIGHTS = {"a": torch.arange(1000.0), "b": torch.ones(3, dtype=torch.int64)}


def test_a_state_dict_is_read(tmp_path: Path) -> None:
    torch.save(
        {"state_dict": {f"module.{name}": w for name, w in WEIGHTS.items()}}, tmp_path / "w.pt"
    )
    found = read_state(tmp_path / "w.pt")
    assert found.keys() == WEIGHTS.keys()
    assert torch.equal(found["a"], WEIGHTS["a"])


def test_altered_weights_of_pytorch_are_detected(tmp_path: Path) -> None:
    """torch.load does not compare the checksums of its zip format."""
    file = tmp_path / "w.pt"
    torch.save(WEIGHTS, file)
    whole = file.read_bytes()
    start = whole.index(WEIGHTS["a"].numpy().tobytes())
    file.write_bytes(whole[: start + 40] + b"\x01" + whole[start + 41 :])
    assert not torch.equal(torch.load(file, weights_only=True)["a"], WEIGHTS["a"])
    with pytest.raises(UserError, match=r"it is damaged \(w/data/0 does not match its checksum\)"):
        read_state(file)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_weights_that_are_not_numbers_are_refused(tmp_path: Path, name: str) -> None:
    weights = {**WEIGHTS, "a": torch.tensor([1.0, float("nan")])}
    (torch.save if name == "w.pt" else save_file)(weights, tmp_path / name)
    with pytest.raises(UserError, match="is damaged, or of a training that diverged: a holds NaN"):
        read_state(tmp_path / name)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("length", [0, 10, 3000])
def test_truncated_files_are_refused(tmp_path: Path, name: str, length: int) -> None:
    (torch.save if name == "w.pt" else save_file)(WEIGHTS, tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:length])
    with pytest.raises(UserError, match=rf"model\.weights=.*{name} cannot be read as weights"):
        read_state(tmp_path / name)
