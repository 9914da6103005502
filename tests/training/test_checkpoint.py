from __future__ import annotations

import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from astroclf.errors import UserError
from astroclf.training.checkpoint import (
    FORMAT,
    checkpoint_path,
    random_states,
    read_checkpoint,
    restore_random_states,
    write_checkpoint,
)
from astroclf.training.progress import Progress

WEIGHTS = {"a": torch.arange(3.0)}
CONTENT: dict[str, Any] = {
    "config": {"trainer": {"epochs": 2}, "tracking": {"name": "none"}, "resume": None},
    "fingerprint": "0123456789abcdef",
    "backbone": "random",
    "frozen_hash": "",
    "warning": "",
    "device_type": "cpu",
    "preprocess": {"stretch": "srgb", "unit": (255.0,), "mean": (0.5,), "std": (0.25,)},
    "precision": {"name": "fp32", "channels_last": False},
    "learner": {
        "network": WEIGHTS,
        "optimizer": {"state": {0: {"step": torch.tensor(7.0)}}, "param_groups": [{"lr": 0.1}]},
        "schedule": {"last_epoch": 7},
        "scaler": {},
        "ema": None,
    },
    "best": WEIGHTS,
    "progress": Progress(epoch=1, global_step=7, history=[{"epoch": 1, "loss": 0.5}]).to_dict(),
    "random_states": random_states(),
}


def with_progress(**changes: Any) -> dict[str, Any]:
    return {**CONTENT, "progress": {**CONTENT["progress"], **changes}}


def test_written_content_is_read_back(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, {**CONTENT, "a later key": [1, None]})
    found = read_checkpoint(tmp_path)
    assert torch.equal(found["learner"]["network"]["a"], torch.arange(3.0))
    assert found["learner"]["optimizer"]["state"][0]["step"] == 7
    for key in ("config", "preprocess", "precision"):
        assert found[key] == CONTENT[key]
    assert found["progress"]["history"] == [{"epoch": 1, "loss": 0.5}]
    assert found["a later key"] == [1, None]


def test_plain_torch_can_load_the_weights(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONTENT)
    found = torch.load(checkpoint_path(tmp_path), weights_only=True)
    assert torch.equal(found["best"]["a"], WEIGHTS["a"])


def test_a_pickled_object_is_refused(tmp_path: Path) -> None:
    """`weights_only` refuses a pickled object, which could run any code."""
    write_checkpoint(tmp_path, {**CONTENT, "object": random.Random(0)})
    with pytest.raises(UserError, match="not an astroclf checkpoint"):
        read_checkpoint(tmp_path)


class Unwritable:
    def __reduce__(self) -> str:
        raise OSError(28, "No space left on device")


def test_a_failing_write_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONTENT)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(tmp_path, {**CONTENT, "best": torch.zeros(1000), "bad": Unwritable()})
    assert read_checkpoint(tmp_path)["progress"]["global_step"] == 7


def test_a_full_disk_leaves_the_old_checkpoint_and_no_draft(small_disk: Path) -> None:
    write_checkpoint(small_disk, CONTENT)
    with pytest.raises(OSError, match="No space left on device"):
        write_checkpoint(small_disk, {**CONTENT, "best": {"a": torch.zeros(1_000_000)}})
    assert read_checkpoint(small_disk)["progress"]["global_step"] == 7
    assert [file.name for file in checkpoint_path(small_disk).parent.iterdir()] == ["last.pt"]


def test_a_new_checkpoint_replaces_the_old_one_and_drafts_of_killed_processes(
    tmp_path: Path,
) -> None:
    write_checkpoint(tmp_path, CONTENT)
    checkpoint_path(tmp_path).with_name(".last.pt.4711.0.draft").write_bytes(bytes(100))
    write_checkpoint(tmp_path, with_progress(global_step=8))
    assert read_checkpoint(tmp_path)["progress"]["global_step"] == 8
    assert [file.name for file in checkpoint_path(tmp_path).parent.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, share: float) -> None:
    write_checkpoint(tmp_path, CONTENT)
    path = checkpoint_path(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"last\.pt is truncated, damaged or not an astroclf"):
        read_checkpoint(tmp_path)


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, CONTENT)
    path = checkpoint_path(tmp_path)
    whole = path.read_bytes()
    for position in range(0, len(whole), 97):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with pytest.raises(UserError, match="is truncated, damaged or not"):
            read_checkpoint(tmp_path)


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no .*last\.pt"):
        read_checkpoint(tmp_path)


def test_an_unreadable_checkpoint_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(tmp_path, CONTENT)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)\. Check"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("version", [0, FORMAT + 1])
def test_another_version_is_refused(tmp_path: Path, version: int) -> None:
    write_checkpoint(tmp_path, {**CONTENT, "format": version})
    with pytest.raises(UserError, match=rf"another version of astroclf \(format {version}, this"):
        read_checkpoint(tmp_path)


def test_a_checkpoint_of_before_checksums_is_called_another_version(tmp_path: Path) -> None:
    checkpoint_path(tmp_path).parent.mkdir()
    torch.save({**CONTENT, "format": 5}, checkpoint_path(tmp_path))
    with pytest.raises(UserError, match="another version"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("fingerprint", None, "fingerprint: field required"),
        ("config.trainer", None, "config.trainer: field required"),
        ("config", [], "config: input should be a valid dictionary"),
        ("progress.epoch", "two", "progress.epoch: input should be a valid integer"),
        (
            "progress.history",
            [{"loss": "low"}],
            "progress.history.0.loss.int: input should be a valid",
        ),
        ("preprocess.stretch", "cubic", "preprocess.stretch: input should be 'linear'"),
        ("preprocess.std", None, "preprocess.std: field required"),
        ("precision.name", 3, "precision.name: input should be a valid string"),
        ("learner.network", {"a": [1.0]}, "learner.network.a: input should be an instance of"),
        ("best", torch.zeros(2), "best: input should be a valid dictionary"),
        ("random_states.cpu", "seed", "random_states.cpu: input should be an instance of"),
    ],
)
def test_content_of_the_wrong_type_is_named(
    tmp_path: Path, place: str, value: Any, reason: str
) -> None:
    """value None: the key is missing."""
    content = deepcopy(CONTENT)
    *parents, key = place.split(".")
    holder = content
    for parent in parents:
        holder = holder[parent]
    if value is None:
        del holder[key]
    else:
        holder[key] = value
    write_checkpoint(tmp_path, content)
    with pytest.raises(UserError) as refused:
        read_checkpoint(tmp_path)
    assert reason in str(refused.value)


def test_random_generators_continue_where_they_were(tmp_path: Path) -> None:
    torch.manual_seed(3)
    write_checkpoint(tmp_path, {**CONTENT, "random_states": random_states()})
    expected = torch.rand(5)
    torch.manual_seed(4)
    restore_random_states(read_checkpoint(tmp_path)["random_states"])
    assert torch.equal(torch.rand(5), expected)
