"""MLflow's description of a bundle: signature, input example and pinned requirements."""

from __future__ import annotations

import base64
import io
import shutil
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astroclf.bundle import Description
from astroclf.files import replace_folder
from astroclf.serving.images import ARRAY, FILE
from astroclf.serving.model import ID

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

LOADER = "astroclf.serving"
# Packages that a bundle is read and computed with; MLflow adds itself.
REQUIREMENTS = (
    "astroclf", "numpy", "opencv-python-headless", "pandas", "pillow", "pydantic", "safetensors",
    "scipy", "timm", "torch", "torchvision",
)  # fmt: skip


def write_model_folder(description: Description, folder: Path) -> None:
    """Write what an MLflow model holds beside the bundle, whole or not at all. Imports MLflow."""
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with warnings.catch_warnings(action="ignore"):  # those of MLflow are about its own code
            from mlflow.pyfunc import save_model

            save_model(
                path=draft,
                loader_module=LOADER,
                signature=signature(description.classes),
                input_example=input_example(description),
                pip_requirements=requirements(),
                metadata={"classes": list(description.classes)},
            )
        replace_folder(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def signature(classes: tuple[str, ...]) -> ModelSignature:
    """Return the columns of a request and of its answer, see `ServedModel.predict`."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType, Array

    text, number = DataType.string, DataType.double
    optional: Any = {"required": False}
    inputs: list[Any] = [ColSpec(text, ID, **optional), ColSpec(text, FILE, **optional)]
    # Any type, since a row with a file has NaN here: the model checks each array itself.
    inputs.append(ColSpec(AnyType(), ARRAY, **optional))
    outputs: list[Any] = [ColSpec(text, ID), ColSpec(text, "label", **optional)]
    outputs += [ColSpec(number, f"p_{name}", **optional) for name in classes]
    outputs += [
        ColSpec(number, "confidence", **optional),
        ColSpec(Array(text), "prediction_set", **optional),
        ColSpec(number, "unlike_training", **optional),
        ColSpec(text, "reason"),
    ]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def input_example(description: Description) -> Any:
    """Return a data frame with one image of a star: a PNG file, or an array if those were no 8-bit files."""
    import pandas as pd
    from PIL import Image

    framing, size = description.framing, description.image_px
    if framing is None or framing.depth != "8-bit":
        star = np.broadcast_to(_star(size), (len(description.pixels.bands), size, size))
        return pd.DataFrame({ID: ["example"], ARRAY: [np.round(star, 2).tolist()]})
    stream = io.BytesIO()
    Image.fromarray(_star(framing.crop_px or size).astype(np.uint8)).convert("RGB").save(
        stream, "PNG"
    )
    return pd.DataFrame({ID: ["example"], FILE: [base64.b64encode(stream.getvalue()).decode()]})


def _star(size: int) -> np.ndarray:
    """Return (size, size): a Gaussian profile with a peak of 200."""
    axis = np.arange(size) - (size - 1) / 2
    profile = np.exp(-((axis / (0.1 * size)) ** 2) / 2)
    star: np.ndarray = 200 * profile[:, None] * profile
    return star


def requirements() -> list[str]:
    """Return the packages of the served model with the versions that are installed here."""
    pinned = []
    for package in REQUIREMENTS:
        try:
            release, _, _ = version(package).partition("+")  # of a build for one device
        except PackageNotFoundError:
            continue
        pinned.append(f"{package}=={release}")
    return pinned
