"""Which of several trainings are done, so that stopped ones go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from astroclf.errors import UserError
from astroclf.files import read_json, write_json
from astroclf.integrity import CHECKSUM, describe_damage, sign, verify_signed
from astroclf.redaction import redact_values
from astroclf.runs.folder import RunFolder

FORMAT = 3  # rises with the settings that a configuration must state


class Record:
    """What the trainings of one folder have come to.

    config: the plain configuration of them all. figures: what each finished training measured, by
    its name. Only a record that `write` was called for lies in the folder.
    """

    def __init__(
        self, folder: Path, config: dict[str, Any], figures: dict[str, dict[str, float]]
    ) -> None:
        self.file = RunFolder(folder).manifest
        self.config = config
        self.figures = figures

    def write(self) -> None:
        """Replace the file in one step, so that a kill leaves the old or the new one."""
        content = {
            "format": FORMAT,
            "config": redact_values({**self.config, "resume": None}),
            "figures": self.figures,
        }
        write_json(self.file, sign(content))


def read_record(folder: Path) -> Record | None:
    """Return the record of the trainings that began in this folder, if there is one.

    Raises UserError if it is unreadable, damaged or of another version.
    """
    file = RunFolder(folder).manifest
    try:
        if not file.is_file():
            return None
        content = read_json(file)
        if isinstance(content, dict) and CHECKSUM not in content and "format" in content:
            raise UserError(
                f"resume={folder}: {file} was written by another version of astroclf. Start a new run."
            )
        content = verify_signed(content)
        config, figures = content.get("config"), content.get("figures")
        if not isinstance(config, dict) or not isinstance(figures, dict):
            raise ValueError("it lacks the configuration or the figures")
    except OSError as error:
        raise UserError(
            f"resume={folder}: {file} cannot be read ({error.strerror or error}). "
            "Check its permissions and its disk."
        ) from error
    except ValueError as error:
        raise UserError(
            f"resume={folder}: {file} is damaged ({describe_damage(error)}). Resume each seed on its own, "
            "as in resume=<folder>/seed-0, or start a new run."
        ) from error
    version = content.get("format")
    if version != FORMAT:
        raise UserError(
            f"resume={folder}: {file} was written by another version of astroclf (format {version}, "
            f"this one reads {FORMAT}). Start a new run."
        )
    return Record(folder, config, figures)


def continue_record(folder: Path, config: dict[str, Any]) -> Record:
    """The record of a stopped run under the configuration with which it goes on.

    With another number of epochs no training is done yet. Raises UserError if there is no record:
    then the folder is that of one fold, which cannot go on alone.
    """
    known = read_record(folder)
    if known is None:
        raise UserError(
            f"resume={folder} is one training of several: give resume={folder.parent}, and all of them go on."
        )
    same = known.config["trainer"]["epochs"] == config["trainer"]["epochs"]
    return Record(folder, config, known.figures if same else {})
