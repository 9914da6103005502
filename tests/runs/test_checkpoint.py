from __future__ import annotations

import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from astroclf.errors import UserError
from astroclf.runs.checkpoint import (
    SCHEMA,
    Checkpoint,
    RandomStates,
    read_checkpoint,
    read_former_config,
    write_checkpoint,
)
from astroclf.runs.folder import RunFolder
from astroclf.training.precision import Precision
from astroclf.training.progress import Progress
from fixtures.checkpoints import write_content

WEIGHTS = {"a": torch.arange(3.0)}
CONTENT: dict[str, Any] = {
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
    "random_states": RandomStates.now().model_dump(),
}


def checkpoint(**changes: Any) -> Checkpoint:
    return Checkpoint.model_validate({**CONTENT, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_checkpoint_is_read_as_it_was_written(folder: RunFolder) -> None:
    write_checkpoint(folder, checkpoint())
    found = read_checkpoint(folder)
    assert torch.equal(found.learner.network["a"], torch.arange(3.0))
    assert found.learner.optimizer["state"][0]["step"] == 7
    assert found.precision == Precision("fp32", channels_last=False)
    assert found.preprocess.unit == (255.0,)
    assert found.progress.history == [{"epoch": 1, "loss": 0.5}]
    assert read_former_config(folder, "resume=x") is None


def test_plain_torch_can_load_the_weights(folder: RunFolder) -> None:
    write_checkpoint(folder, checkpoint())
    found = torch.load(folder.checkpoint, weights_only=True)
    assert torch.equal(found["best"]["a"], WEIGHTS["a"])


def test_pickled_object_is_refused(folder: RunFolder) -> None:
    """`weights_only` refuses a pickled object, which could run any code."""
    write_checkpoint(folder, checkpoint(object=random.Random(0)))
    with pytest.raises(UserError, match="not an astroclf checkpoint"):
        read_checkpoint(folder)


class Unwritable:
    def __reduce__(self) -> str:
        raise OSError(28, "No space left on device")


def test_failing_write_leaves_the_old_checkpoint(folder: RunFolder) -> None:
    write_checkpoint(folder, checkpoint())
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(folder, checkpoint(best={"a": torch.zeros(1000)}, bad=Unwritable()))
    assert read_checkpoint(folder).progress.global_step == 7


def test_full_disk_leaves_the_old_checkpoint_and_no_draft(small_disk: Path) -> None:
    folder = RunFolder(small_disk)
    write_checkpoint(folder, checkpoint())
    with pytest.raises(OSError, match="No space left on device"):
        write_checkpoint(folder, checkpoint(best={"a": torch.zeros(1_000_000)}))
    assert read_checkpoint(folder).progress.global_step == 7
    assert [file.name for file in folder.checkpoint.parent.iterdir()] == ["last.pt"]


def test_new_checkpoint_replaces_the_old_one_and_drafts_of_killed_processes(
    folder: RunFolder,
) -> None:
    write_checkpoint(folder, checkpoint())
    folder.checkpoint.with_name(".last.pt.4711.0.draft").write_bytes(bytes(100))
    write_checkpoint(folder, checkpoint(progress=Progress(global_step=8)))
    assert read_checkpoint(folder).progress.global_step == 8
    assert [file.name for file in folder.checkpoint.parent.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_checkpoint_is_refused(folder: RunFolder, share: float) -> None:
    write_checkpoint(folder, checkpoint())
    path = folder.checkpoint
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"last\.pt is truncated, damaged or not an astroclf"):
        read_checkpoint(folder)


def test_every_flipped_byte_is_refused(folder: RunFolder) -> None:
    write_checkpoint(folder, checkpoint())
    path = folder.checkpoint
    whole = path.read_bytes()
    for position in range(0, len(whole), 97):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with pytest.raises(UserError, match="is truncated, damaged or not"):
            read_checkpoint(folder)


def test_missing_checkpoint_is_refused(folder: RunFolder) -> None:
    with pytest.raises(UserError, match=r"there is no .*last\.pt"):
        read_checkpoint(folder)


def test_unreadable_checkpoint_is_not_reported_as_damaged(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(folder, checkpoint())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)\. Check"):
        read_checkpoint(folder)


def test_newer_and_unknown_versions_are_refused_in_one_sentence(folder: RunFolder) -> None:
    write_checkpoint(folder, checkpoint(schema_version=SCHEMA.version + 1))
    with pytest.raises(
        UserError, match=r"written by a newer version of astroclf .* Update astroclf"
    ):
        read_checkpoint(folder)
    write_checkpoint(folder, checkpoint(schema_version=0))
    with pytest.raises(UserError, match="written by a version of astroclf that is too old"):
        read_checkpoint(folder)


def test_checkpoint_of_before_checksums_is_too_old(folder: RunFolder) -> None:
    folder.checkpoint.parent.mkdir()
    torch.save({**CONTENT, "format": 5}, folder.checkpoint)
    with pytest.raises(UserError, match="too old"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("fingerprint", None, "fingerprint: field required"),
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
    folder: RunFolder, place: str, value: Any, reason: str
) -> None:
    """value None: the key is missing."""
    content = {"schema_version": SCHEMA.version, **deepcopy(CONTENT)}
    *parents, key = place.split(".")
    holder = content
    for parent in parents:
        holder = holder[parent]
    if value is None:
        del holder[key]
    else:
        holder[key] = value
    write_content(folder.path, content)
    with pytest.raises(UserError) as refused:
        read_checkpoint(folder)
    assert reason in str(refused.value)


def test_random_generators_continue_where_they_were(folder: RunFolder) -> None:
    torch.manual_seed(3)
    write_checkpoint(folder, checkpoint(random_states=RandomStates.now()))
    expected = torch.rand(5)
    torch.manual_seed(4)
    read_checkpoint(folder).random_states.restore()
    assert torch.equal(torch.rand(5), expected)
