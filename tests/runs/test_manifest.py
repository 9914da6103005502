from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.integrity import sign
from astroclf.runs.folder import RunFolder
from astroclf.runs.manifest import (
    SCHEMA,
    Manifest,
    read_former_config,
    read_manifest,
    write_manifest,
)
from astroclf.runs.migrations import ADDED_SETTINGS

FORMER = {
    "format": 3,
    "config": {"trainer": {"epochs": 4, "min_gain": 0.1}, "seed": 1, "resume": None},
    "figures": {"seed-1": {"loss": 0.5}},
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_manifest_is_read_as_it_was_written(folder: RunFolder) -> None:
    manifest = Manifest(epochs=3, measured={"seed-1": {"loss": 0.25, "parameters": 10.0}})
    write_manifest(folder, manifest)
    assert read_manifest(folder) == manifest
    assert read_former_config(folder, "resume=x") is None


def test_former_manifest_is_migrated_with_its_settings(folder: RunFolder) -> None:
    folder.manifest.write_text(json.dumps(sign(FORMER)))
    assert read_manifest(folder) == Manifest(epochs=4, measured={"seed-1": {"loss": 0.5}})
    config = read_former_config(folder, "resume=x")
    assert config is not None
    assert config["trainer"] == {**ADDED_SETTINGS["trainer"], "epochs": 4, "min_delta": 0.1}
    assert config["seed"] == 1


@pytest.mark.parametrize(
    "content",
    [
        '{"config": {',
        "[]",
        "null",
        '{"config": {}, "figures": {}}',
        json.dumps(sign({**FORMER, "config": []})),
        json.dumps({**sign(FORMER), "figures": {"a": {}}}),
        json.dumps(sign({"schema_version": 4, "epochs": "many", "measured": {}})),
        json.dumps({"schema_version": 4, "epochs": 2, "measured": {}}),
    ],
)
def test_damaged_manifest_is_refused(folder: RunFolder, content: str) -> None:
    folder.manifest.write_text(content)
    with pytest.raises(UserError, match=r"resume=.*repeat\.json is damaged .*Resume each seed"):
        read_manifest(folder)


def test_versions_that_cannot_be_read_are_refused(folder: RunFolder) -> None:
    folder.manifest.write_text(json.dumps(sign({**FORMER, "schema_version": SCHEMA.version + 1})))
    with pytest.raises(UserError, match=r"repeat\.json was written by a newer version"):
        read_manifest(folder)
    folder.manifest.write_text(json.dumps({**FORMER, "format": 2}))
    with pytest.raises(UserError, match=r"repeat\.json was written by a version .* too old"):
        read_manifest(folder)
