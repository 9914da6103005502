"""Schema versions of the files of a run folder, and JSON files that carry one beside a checksum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astroclf.errors import UserError
from astroclf.files import read_json, write_json
from astroclf.integrity import CHECKSUM, describe_damage, sign, verify_signed

VERSION = "schema_version"
FORMER_NAME = "format"  # of that key

Migration = Callable[[dict[str, Any]], dict[str, Any]]  # content of one version -> of the next


@dataclass(frozen=True)
class Schema:
    """Schema of one kind of file.

    version: the one that is written. migrations: older version -> the step to the next one.
    unversioned: version of files that state none, if there were such files.
    """

    version: int
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    unversioned: int | None = None

    def upgrade(self, content: Mapping[str, Any], file: Path) -> dict[str, Any]:
        """Return content that was read from a file in the current version, without its version.

        Raises ValueError if it states no version, UserError for a version that cannot be read.
        """
        plain = {key: value for key, value in content.items() if key not in (VERSION, FORMER_NAME)}
        version = content.get(VERSION, content.get(FORMER_NAME, self.unversioned))
        if type(version) is not int:
            raise ValueError("it states no schema version")
        if version > self.version:
            raise UserError(
                f"{file} was written by a newer version of astroclf (schema version {version}, this one "
                f"reads up to {self.version}). Update astroclf."
            )
        for older in range(version, self.version):
            if older not in self.migrations:
                raise UserError(
                    f"{file} was written by a version of astroclf that is too old (schema version "
                    f"{version}, this one reads {min(self.migrations, default=self.version)} to "
                    f"{self.version}). Start a new run."
                )
            try:
                plain = self.migrations[older](plain)
            except (AttributeError, KeyError, TypeError) as error:
                raise ValueError(f"it lacks what schema version {older} has") from error
        return plain


def write_versioned(file: Path, content: Mapping[str, Any], schema: Schema) -> None:
    """Replace a JSON file in one step by the content with its schema version and checksum."""
    write_json(file, sign({VERSION: schema.version, **content}))


def read_versioned(file: Path, schema: Schema) -> dict[str, Any]:
    """Return what `write_versioned` was given, migrated to the current version.

    Raises OSError, ValueError if the file is damaged, and UserError for a version that cannot be
    read.
    """
    content = read_json(file)
    if not isinstance(content, dict):
        raise ValueError("it holds no table")
    if VERSION in content or CHECKSUM in content:  # the first versions had neither
        content = verify_signed(content)
    return schema.upgrade(content, file)


@contextmanager
def refuse_unreadable(file: Path, remedy: str, key: str = "") -> Iterator[None]:
    """Re-raise OSError and ValueError as a UserError that names the file and, if it is damaged, the
    remedy; key: the setting that named the folder, such as "resume=outputs/run"."""
    name = f"{key}: {file}" if key else str(file)
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{name} cannot be read ({error.strerror or error}). Check its permissions and its disk."
        ) from error
    except ValueError as error:
        raise UserError(f"{name} is damaged ({describe_damage(error)}). {remedy}") from error
