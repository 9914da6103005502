"""The two files of a bundle: written together, checked by checksum and version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from astroclf.errors import UserError
from astroclf.integrity import sign
from astroclf.models.bundle_files import (
    DESCRIPTION_FILE,
    FORMAT,
    OLDEST,
    WEIGHTS_FILE,
    read_description,
    read_weights,
    write_files,
)

WEIGHTS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(1)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path / "bundle", WEIGHTS, {"format": FORMAT, "classes": ["a", "b"]})
    return tmp_path / "bundle"


def test_the_content_is_read_as_it_was_written(folder: Path) -> None:
    content = read_description(folder)
    assert (content["format"], content["classes"]) == (FORMAT, ["a", "b"])
    found = read_weights(folder, content["weights_checksum"])
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in found)


def test_weights_are_written_whatever_their_memory_layout(tmp_path: Path) -> None:
    write_files(tmp_path / "bundle", {"a": WEIGHTS["a"].t()}, {"format": FORMAT})
    assert torch.equal(read_weights(tmp_path / "bundle", None)["a"], WEIGHTS["a"].t())


def test_other_weights_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=f"{WEIGHTS_FILE} does not match its checksum"):
        read_weights(folder, "0" * 32)


@pytest.mark.parametrize(
    ("version", "advice"),
    [(FORMAT + 1, "Update astroclf"), (OLDEST - 1, "Train the model again"), ("5", "Train the")],
)
def test_other_versions_are_refused(folder: Path, version: object, advice: str) -> None:
    (folder / DESCRIPTION_FILE).write_text(json.dumps(sign({"format": version})))
    with pytest.raises(UserError, match=f"version of astroclf .*{advice}"):
        read_description(folder)


def test_a_current_format_without_checksum_is_refused(folder: Path) -> None:
    (folder / DESCRIPTION_FILE).write_text(json.dumps({"format": FORMAT}))
    with pytest.raises(UserError, match="is not a complete bundle"):
        read_description(folder)


@pytest.mark.parametrize("version", [2, 3])
def test_formats_before_checksums_are_read_without(folder: Path, version: int) -> None:
    (folder / DESCRIPTION_FILE).write_text(json.dumps({"format": version}))
    assert read_description(folder) == {"format": version}
