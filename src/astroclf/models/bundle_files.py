"""The two files of a bundle: reading them, and telling damaged ones and other versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from astroclf.errors import UserError, one_line
from astroclf.files import read_json
from astroclf.integrity import CHECKSUM, describe_damage, hash_file, verify_signed

WEIGHTS_FILE, DESCRIPTION_FILE = "weights.safetensors", "bundle.json"
FORMAT = 4
UNSIGNED = (2, 3)  # formats without checksums, which are still read


def read_description(folder: Path) -> dict[str, Any]:
    """Return the content of bundle.json, of any format that can be read.

    Raises UserError if there is none, or if it is unreadable, damaged or of another version.
    """
    file = folder / DESCRIPTION_FILE
    try:
        if not file.is_file():
            raise UserError(f"{folder} holds no model: give the folder `bundle` of a run.")
        content = read_json(file)
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
        version = content.get("format")
        if CHECKSUM in content or version == FORMAT:
            content = verify_signed(content)
    except OSError as error:
        raise _unreadable(file, error) from error
    except ValueError as error:
        raise not_whole(folder, f"{DESCRIPTION_FILE}: {describe_damage(error)}") from error
    if version not in (*UNSIGNED, FORMAT):
        is_newer = type(version) is int and version > FORMAT
        raise UserError(
            f"{folder} was written by {'a newer' if is_newer else 'another'} version of astroclf (format "
            f"{version}, this one reads {UNSIGNED[0]} to {FORMAT}). "
            + ("Update astroclf." if is_newer else "Train the model again.")
        )
    return content


def read_weights(folder: Path, checksum: str | None) -> dict[str, Tensor]:
    """Return the weights of a bundle, by name.

    checksum: that of the file, or None where the format of the bundle has none. Raises UserError if
    the file is missing, unreadable or damaged, or belongs to another bundle.json.
    """
    from safetensors.torch import load_file

    file = folder / WEIGHTS_FILE
    try:
        matches = checksum is None or hash_file(file) == checksum
        weights = load_file(file) if matches else {}
    except FileNotFoundError as error:
        raise not_whole(folder, f"there is no {WEIGHTS_FILE}") from error
    except OSError as error:
        raise _unreadable(file, error) from error
    except Exception as error:  # of safetensors, which has its own kind for damaged files
        raise not_whole(folder, f"{WEIGHTS_FILE}: {one_line(error)}") from error
    if not matches:
        raise not_whole(folder, f"{WEIGHTS_FILE} does not match its checksum in {DESCRIPTION_FILE}")
    return weights


def not_whole(folder: Path, reason: str) -> UserError:
    """Return the refusal of a bundle that is damaged or incomplete."""
    return UserError(
        f"{folder} does not hold a whole model ({reason}). Copy it again, or train it again."
    )


def _unreadable(file: Path, error: OSError) -> UserError:
    return UserError(
        f"{file} cannot be read ({error.strerror or error}). Check its permissions and its disk."
    )
