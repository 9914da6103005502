from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.integrity import sign
from astroclf.runs.folder import RunFolder
from astroclf.runs.manifest import Manifest, write_manifest
from astroclf.runs.migrations import ADDED_SETTINGS
from astroclf.runs.settings import SCHEMA, read_config, write_settings
from astroclf.settings import Settings, read_settings

MakeSettings = Callable[..., Settings]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


@pytest.fixture(autouse=True)
def make_folder(folder: RunFolder) -> None:
    folder.path.mkdir()


def test_settings_are_read_as_they_were_written(folder: RunFolder, settings: MakeSettings) -> None:
    written = settings("model.widths=[4]", "seeds=[1,2]", "augment=sky")
    write_settings(folder, written)
    assert read_settings(read_config(folder, "rerun")) == written


def test_settings_of_the_first_version_get_the_keys_that_were_added(
    folder: RunFolder, settings: MakeSettings
) -> None:
    written = settings("tracking=mlflow")
    content = written.model_dump(mode="json")
    for key in ("log_model", "register", "system_metrics"):
        del content["tracking"][key]
    del content["evaluation"]["conformal"]
    folder.settings.write_text(json.dumps(sign({"schema_version": 1, **content})))
    assert read_settings(read_config(folder, "resume")) == written


def test_passwords_are_masked(folder: RunFolder, settings: MakeSettings) -> None:
    write_settings(folder, settings("tracking=mlflow", "tracking.uri=http://bob:s3cret@host"))
    assert "s3cret" not in folder.settings.read_text()
    assert read_config(folder, "rerun")["tracking"]["uri"] == "http://***@host"


def test_settings_of_a_former_version_are_in_the_manifest(folder: RunFolder) -> None:
    config: dict[str, Any] = {"trainer": {"epochs": 2, "clip_norm": 1.0}, "task": {"name": "train"}}
    content = {"format": 3, "config": config, "figures": {}}
    folder.manifest.write_text(json.dumps(sign(content)))
    renamed = {"epochs": 2, "grad_clip_norm": 1.0}
    assert read_config(folder, "resume")["trainer"] == {**ADDED_SETTINGS["trainer"], **renamed}


def test_fold_is_refused_with_the_folder_to_give(folder: RunFolder) -> None:
    write_manifest(RunFolder(folder.path.parent), Manifest(epochs=1))
    with pytest.raises(
        UserError, match=rf"is one training of several. Give rerun={folder.path.parent}"
    ):
        read_config(folder, "rerun")


def test_damaged_and_newer_files_are_refused(folder: RunFolder) -> None:
    folder.settings.write_text('{"seed": 0')
    with pytest.raises(UserError, match=r"rerun=.*settings\.json is damaged .* Start a new run"):
        read_config(folder, "rerun")
    folder.settings.write_text(json.dumps(sign({"schema_version": SCHEMA.version + 1})))
    with pytest.raises(UserError, match="newer version"):
        read_config(folder, "rerun")
