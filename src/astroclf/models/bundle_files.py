"""The files of a bundle: names, checksums and versions."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from astroclf.errors import UserError, one_line
from astroclf.files import read_json, replace_file, replace_folder, write_json
from astroclf.integrity import CHECKSUM, describe_damage, hash_bytes, hash_file, sign, verify_signed

WEIGHTS_FILE, DESCRIPTION_FILE = "weights.safetensors", "bundle.json"
REFERENCE_FILE = "reference.npz"  # optional, from format 6 on
FORMAT = 6
OLDEST = 2  # format that is still read
FIRST_SIGNED = 4  # format with checksums


def write_files(
    folder: Path,
    weights: Mapping[str, Tensor],
    content: Mapping[str, Any],
    reference: bytes | None = None,
) -> None:
    """Write the files beside the folder and put them in its place together.

    An old bundle there is complete until then. bundle.json gets the checksums of the other files and
    one of itself. reference: content of reference.npz, or None for a bundle without one. Raises
    OSError if the files cannot be written.
    """
    from safetensors.torch import save

    draft = folder.with_name(f".{folder.name}.draft")
    for leftover in folder.parent.glob(f"{draft.name}*"):  # of a process that was killed
        shutil.rmtree(leftover)
    draft.mkdir(parents=True)
    try:
        with replace_file(draft / WEIGHTS_FILE) as stream:
            stream.write(save({name: w.cpu().contiguous() for name, w in weights.items()}))
        checksums: dict[str, str | None] = {
            "weights_checksum": hash_file(draft / WEIGHTS_FILE),
            "reference_checksum": None if reference is None else hash_bytes(reference),
        }
        if reference is not None:
            with replace_file(draft / REFERENCE_FILE) as stream:
                stream.write(reference)
        write_json(draft / DESCRIPTION_FILE, sign({**content, **checksums}))
        replace_folder(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def read_description(folder: Path) -> dict[str, Any]:
    """Return the content of bundle.json, of any readable format.

    Raises UserError if there is none, or if it is unreadable, damaged or of another version.
    """
    file = folder / DESCRIPTION_FILE
    try:
        if not file.is_file():
            raise UserError(f"{folder} holds no model. Give the folder `bundle` of a run.")
        content = read_json(file)
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
        version = content.get("format")
        if CHECKSUM in content or version in range(FIRST_SIGNED, FORMAT + 1):
            content = verify_signed(content)
    except OSError as error:
        raise unreadable(file, error) from error
    except ValueError as error:
        raise not_whole(folder, f"{DESCRIPTION_FILE}: {describe_damage(error)}") from error
    if type(version) is not int or version not in range(OLDEST, FORMAT + 1):
        is_newer = type(version) is int and version > FORMAT
        raise UserError(
            f"{folder} was written by {'a newer' if is_newer else 'another'} version of astroclf (format "
            f"{version}, this one reads {OLDEST} to {FORMAT}). "
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
        raise not_whole(folder, f"{WEIGHTS_FILE} is missing") from error
    except OSError as error:
        raise unreadable(file, error) from error
    except Exception as error:  # safetensors has its own class for damaged files
        raise not_whole(folder, f"{WEIGHTS_FILE}: {one_line(error)}") from error
    if not matches:
        raise not_whole(folder, f"{WEIGHTS_FILE} does not match its checksum in {DESCRIPTION_FILE}")
    return weights


def not_whole(folder: Path, reason: str) -> UserError:
    """Return the refusal of a bundle that is damaged or incomplete."""
    return UserError(
        f"{folder} is not a complete bundle ({reason}). Copy it again, or train it again."
    )


def unreadable(file: Path, error: OSError) -> UserError:
    """Return the refusal of a file that the operating system does not let read."""
    return UserError(
        f"{file} cannot be read ({error.strerror or error}). Check its permissions and its disk."
    )
