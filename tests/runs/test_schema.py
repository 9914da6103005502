from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned

SCHEMA = Schema(
    3, {1: lambda old: {"b": old["a"]}, 2: lambda old: {"c": old["b"] + 1}}, unversioned=1
)
FILE = Path("run/file.json")


def test_content_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_versioned(tmp_path / "file.json", {"c": 1}, SCHEMA)
    assert read_versioned(tmp_path / "file.json", SCHEMA) == {"c": 1}


@pytest.mark.parametrize(
    "content", [{"a": 1}, {"schema_version": 2, "b": 1}, {"format": 2, "b": 1}]
)
def test_older_versions_are_migrated_step_by_step(content: dict[str, int]) -> None:
    assert SCHEMA.upgrade(content, FILE) == {"c": 2}


def test_versions_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(UserError, match=r"file\.json was written by a newer version .* up to 3\)"):
        SCHEMA.upgrade({"schema_version": 4}, FILE)
    with pytest.raises(UserError, match=r"too old \(schema version 0, this one reads 1 to 3\)"):
        SCHEMA.upgrade({"schema_version": 0}, FILE)
    with pytest.raises(ValueError, match="it states no schema version"):
        Schema(3).upgrade({"a": 1}, FILE)


def test_unreadable_and_damaged_files_are_named() -> None:
    with (
        pytest.raises(UserError, match=r"resume=run: run/file\.json cannot be read \(gone\)"),
        refuse_unreadable(FILE, "Start a new run.", "resume=run"),
    ):
        raise OSError(2, "gone")
    with (
        pytest.raises(UserError, match=r"^run/file\.json is damaged \(odd\)\. Start a new run\.$"),
        refuse_unreadable(FILE, "Start a new run."),
    ):
        raise ValueError("odd")
