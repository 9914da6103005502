"""Writing and reading the folder of a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from torch import Tensor

from astroclf.bundle.bundle import Bundle
from astroclf.bundle.description import Description, parse_description
from astroclf.bundle.reference import Reference, read_reference
from astroclf.device import choose_device
from astroclf.errors import UserError, one_line
from astroclf.inference.predictor import Predictor
from astroclf.integrity import describe_damage
from astroclf.models import build_model
from astroclf.models.bundle_files import (
    DESCRIPTION_FILE,
    REFERENCE_FILE,
    not_whole,
    read_description,
    read_weights,
    write_files,
)
from astroclf.settings.read import read_model


def write_bundle(
    folder: Path,
    weights: Mapping[str, Tensor],
    description: Description,
    reference: Reference | None = None,
) -> None:
    """Write the bundle, whole or not at all. Raises OSError if it cannot be written."""
    content = None if reference is None else reference.to_bytes()
    write_files(folder, weights, description.model_dump(), content)


def read_bundle(folder: Path | str, device: str = "auto", batch_size: int = 256) -> Bundle:
    """Return the classifier in a folder.

    device: auto (a GPU if there is one), cpu, cuda, cuda:<number> or mps. batch_size: number of
    images that the network takes at a time.

    Raises UserError if the folder holds no bundle, or one that is unreadable, damaged, incomplete
    or of a newer version, and if there is no such device.
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
    classifier = build_model(
        settings,
        channels=len(description.pixels.bands),
        outputs=len(description.classes),
        image_px=description.image_px,
    ).classifier
    try:
        classifier.load_state_dict(weights)
    except RuntimeError as error:
        raise not_whole(folder, f"the weights are of another network: {one_line(error)}") from error
    chosen = choose_device(device, key="device")
    predictor = Predictor(
        classifier.to(chosen).eval(),
        description.preprocess,
        description.tta_views,
        chosen,
        batch_size,
    )
    return Bundle(
        predictor=predictor,
        decision=description.decision,
        classes=description.classes,
        pixels=description.pixels,
        image_px=description.image_px,
        depth=description.depth,
        framing=description.framing,
        cutouts=description.cutouts,
        provenance=description.provenance,
        facts=description.facts,
        load_reference=_reference_loader(folder, description.reference_checksum),
        columns=settings.features_columns,
    )


def _reference_loader(folder: Path, checksum: str | None) -> Callable[[], Reference] | None:
    """Return the function that reads the reference, which is larger than most uses need."""
    if checksum is None:
        return None
    if not (folder / REFERENCE_FILE).is_file():
        raise not_whole(folder, f"{REFERENCE_FILE} is missing")
    return partial(read_reference, folder, checksum)
