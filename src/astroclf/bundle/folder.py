"""Writing and reading the folder of a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from astroclf.bundle.bundle import Bundle
from astroclf.bundle.description import Description, parse_description
from astroclf.errors import UserError, one_line
from astroclf.files import replace_file, replace_folder, write_json
from astroclf.integrity import describe_damage, hash_file, sign
from astroclf.models import build_model
from astroclf.models.bundle_files import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    not_whole,
    read_description,
    read_weights,
)
from astroclf.settings.read import read_model


def write_bundle(folder: Path, weights: Mapping[str, Tensor], description: Description) -> None:
    """Write everything that `read_bundle` needs, whole or not at all.

    The files are written beside the folder and take its place together; an old bundle there is
    complete until then. bundle.json holds the checksum of the weights and one of itself. Raises
    OSError if they cannot be written.
    """
    from safetensors.torch import save

    draft = folder.with_name(f".{folder.name}.draft")
    for leftover in folder.parent.glob(f"{draft.name}*"):  # of a process that was killed
        shutil.rmtree(leftover)
    draft.mkdir(parents=True)
    try:
        with replace_file(draft / WEIGHTS_FILE) as stream:
            stream.write(save({name: w.cpu().contiguous() for name, w in weights.items()}))
        checksum = hash_file(draft / WEIGHTS_FILE)
        content = {**description.model_dump(), "weights_checksum": checksum}
        write_json(draft / DESCRIPTION_FILE, sign(content))
        replace_folder(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def read_bundle(folder: Path | str) -> Bundle:
    """Return the classifier in a folder.

    Raises UserError if the folder holds none, or one that is unreadable, damaged, incomplete or of a
    newer version.
    """
    folder = Path(folder).expanduser()
    content = read_description(folder)
    try:
        description = parse_description(content)
        settings = read_model(description.model)
    except ValueError as error:
        raise not_whole(folder, f"{DESCRIPTION_FILE}: {describe_damage(error)}") from error
    except UserError as error:
        raise not_whole(folder, f"{DESCRIPTION_FILE}: {one_line(error)}") from error
    weights = read_weights(folder, description.weights_checksum)
    network = build_model(
        settings,
        channels=len(description.pixels.bands),
        outputs=len(description.classes),
        image_px=description.image_px,
    ).classifier
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise not_whole(folder, f"the weights are of another network: {one_line(error)}") from error
    return Bundle.from_description(network, description)
