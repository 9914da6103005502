"""Reader of schemas of votes: those of conf/schema/ by name, and files of users by path."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, ValidationError
from pydantic_core import PydanticCustomError

from astroclf.errors import one_line
from astroclf.files import user_path
from astroclf.installation import CONF
from astroclf.settings.sections.section import REASON, Text
from astroclf.settings.sections.vote_schema import VoteSchema

SUFFIXES = (".yaml", ".yml")


def schema_names() -> list[str]:
    """Return the names of the schemas of conf/schema/."""
    return sorted(file.stem for file in (CONF / "schema").glob("*.yaml"))


def read_schema(name: str) -> VoteSchema:
    """Return a schema of conf/schema/ by its name, or that of a YAML file.

    Raise ValueError with the reason, for a message that has named the schema.
    """
    is_path = Path(name).suffix in SUFFIXES
    file = user_path(name) if is_path else CONF / "schema" / f"{name}.yaml"
    if not is_path and name not in schema_names():
        known = ", ".join(schema_names())
        raise ValueError(
            f"no schema of that name. Choose {known}, or give the path of a .yaml file"
        )
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise ValueError(f"cannot be read as YAML ({reason})") from error
    try:
        return VoteSchema.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        raise ValueError(
            f"no schema of votes ({reason}). See conf/schema/galaxy_zoo_2.yaml"
        ) from error


def _readable(name: str) -> str:
    try:
        read_schema(name)
    except ValueError as error:
        raise PydanticCustomError(REASON, "{reason}", {"reason": f"{error}."}) from error
    return name


SchemaName = Annotated[Text, AfterValidator(_readable)]  # of a schema, or the path of its file
