"""Description of an exported model: in the file itself, and in export.json beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from astroclf.bundle import Bundle
from astroclf.export.examples import input_dtype
from astroclf.export.formats import COLUMNS, INPUT, OUTPUTS

PACKAGES = ("astroclf", "torch", "timm", "onnx", "onnxruntime", "onnxscript")


def describe_export(bundle: Bundle) -> dict[str, Any]:
    """Return the classes, the images that the model takes, its outputs, and versions, as plain JSON.

    Preprocessing and decision are for information: they are part of the exported model.
    """
    votes = not bundle.decision.activation.rows_sum_to_one
    size = bundle.image_px
    return {
        "classes": list(bundle.classes),
        "targets": "votes" if votes else "classes",
        "input": {
            "name": INPUT,
            "dtype": str(input_dtype(bundle)),
            "shape": ["N", len(bundle.pixels.bands), size, size],
            "bands": list(bundle.pixels.bands),
            "depth": bundle.depth,
            "stretch": bundle.pixels.stretch,
            "pixel_scale_arcsec": bundle.pixels.pixel_scale_arcsec,
        },
        **_columns(bundle),
        "framing": None if bundle.framing is None else asdict(bundle.framing),
        "outputs": _outputs(len(bundle.classes), votes=votes),
        "decision": bundle.decision.to_dict(),
        "provenance": dict(bundle.provenance),
        "versions": _versions(),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _columns(bundle: Bundle) -> dict[str, Any]:
    """Return the second input, of catalog columns, if the model has one."""
    if not bundle.columns:
        return {}
    shape = ["N", len(bundle.columns)]
    entry = {"name": COLUMNS, "dtype": "float32", "shape": shape, "columns": list(bundle.columns)}
    return {"columns": {**entry, "missing": "NaN"}}


def _outputs(n_classes: int, *, votes: bool) -> Mapping[str, Any]:
    probabilities, label = OUTPUTS
    of_votes = {"dtype": "bool", "shape": ["N", n_classes], "meaning": "answers that are given"}
    of_classes = {"dtype": "int64", "shape": ["N"], "meaning": "position in classes"}
    meaning = "vote fraction of each answer" if votes else "calibrated probability of each class"
    return {
        probabilities: {"dtype": "float32", "shape": ["N", n_classes], "meaning": meaning},
        label: of_votes if votes else of_classes,
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
