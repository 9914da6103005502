from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from astroclf.errors import UserError
from astroclf.training.checkpoint import (
    checkpoint_path,
    random_states,
    read_checkpoint,
    restore_random_states,
    write_checkpoint,
)

CONTENT = {"weights": {"a": torch.arange(3.0)}, "step": 7, "history": [{"loss": 0.5}], "none": None}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONTENT)
    found = read_checkpoint(tmp_path)
    assert torch.equal(found["weights"]["a"], torch.arange(3.0))
    assert {key: found[key] for key in ("step", "history", "none")} == {
        key: CONTENT[key] for key in ("step", "history", "none")
    }


def test_nothing_but_weights_is_unpickled(tmp_path: Path) -> None:
    """`weights_only` refuses a pickled object, which could run any code."""
    write_checkpoint(tmp_path, {"object": random.Random(0)})
    with pytest.raises(UserError, match="cannot be read"):
        read_checkpoint(tmp_path)


class Unwritable:
    def __reduce__(self) -> str:
        raise OSError("No space left on device")


def test_a_failing_write_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONTENT)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(tmp_path, {"weights": torch.zeros(1000), "bad": Unwritable()})
    assert read_checkpoint(tmp_path)["step"] == 7


def test_a_new_checkpoint_replaces_the_old_one_alone(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONTENT)
    write_checkpoint(tmp_path, {**CONTENT, "step": 8})
    assert read_checkpoint(tmp_path)["step"] == 8
    assert [file.name for file in checkpoint_path(tmp_path).parent.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_one_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    write_checkpoint(tmp_path, CONTENT)
    path = checkpoint_path(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"last\.pt cannot be read, it is cut short"):
        read_checkpoint(tmp_path)


def test_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no .*last\.pt"):
        read_checkpoint(tmp_path)


def test_one_of_another_version_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, {**CONTENT, "format": 0})
    with pytest.raises(UserError, match="another version"):
        read_checkpoint(tmp_path)


def test_randomness_goes_on_where_it_was(tmp_path: Path) -> None:
    torch.manual_seed(3)
    write_checkpoint(tmp_path, {"random_states": random_states()})
    expected = torch.rand(5)
    torch.manual_seed(4)
    restore_random_states(read_checkpoint(tmp_path)["random_states"])
    assert torch.equal(torch.rand(5), expected)
