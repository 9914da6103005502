"""Export of a bundle to files of other programs: traced, written, checked and measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from astroclf.bundle import Bundle
from astroclf.device import full_precision
from astroclf.errors import UserError
from astroclf.export.check import Check, check_outputs
from astroclf.export.description import describe_export
from astroclf.export.examples import Examples, find_examples, input_dtype
from astroclf.export.formats import FORMATS, ExportFormat, Predict, trace
from astroclf.export.module import ExportedModule, build_module
from astroclf.export.throughput import images_per_s
from astroclf.files import write_json
from astroclf.runs.folder import RunFolder
from astroclf.status import status

PYTORCH = "PyTorch"
TIMED_IMAGES = 64


@dataclass(frozen=True)
class ExportedFile:
    """One exported model. usage: lines of Python that use it."""

    path: Path
    check: Check
    usage: str


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    files: format -> file. images_per_s: runtime -> throughput on the CPU, PyTorch first. threads: of
    each runtime. examples: origin of the images of the check. description: path of export.json.
    """

    files: Mapping[str, ExportedFile]
    images_per_s: Mapping[str, float]
    threads: int
    examples: str
    description: Path


def export_bundle(
    bundle: Bundle, folder: Path, formats: Sequence[str], images: Path | None = None
) -> Exported:
    """Write the model in each format, check it against the bundle, and describe it in export.json.

    images: folder of images for the check; None for that of the training images. Raises UserError if
    a package is missing, if the model cannot be exported, or if an exported model does not equal the
    bundle; such a file is removed.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise UserError(f"export.format={unknown[0]}: unknown. Give one of {', '.join(FORMATS)}.")
    writers = [FORMATS[name] for name in dict.fromkeys(formats)]
    for writer in writers:
        writer.require_installed()
    examples = find_examples(bundle, images)
    module = build_module(bundle)
    with status("tracing the network"):
        shape = (2, *examples.images.shape[1:])
        inputs = [torch.from_numpy(np.zeros(shape, input_dtype(bundle)))]
        inputs += [torch.zeros(2, len(bundle.columns))] if bundle.columns else []
        program = trace(module, *inputs)
    metadata = describe_export(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    files, runtimes = {}, {}
    for writer in writers:
        file = folder / writer.file_name
        with status(f"exporting to {writer.name}"):
            writer.write(program, file, metadata)
            predict, check = _load_checked(writer, file, bundle, examples)
        runtimes[writer.runtime] = predict
        files[writer.name] = ExportedFile(file, check, writer.usage(file.name))
    speeds = _measure(module, runtimes, examples)
    exported = Exported(
        files, speeds, torch.get_num_threads(), examples.source, RunFolder(folder).export
    )
    write_json(exported.description, {**metadata, **_results(exported)})
    return exported


def _load_checked(
    writer: ExportFormat, file: Path, bundle: Bundle, examples: Examples
) -> tuple[Predict, Check]:
    """Return the exported model and its agreement with the bundle; remove a file that does not agree."""
    try:
        predict = writer.load(file, torch.get_num_threads())
        return predict, check_outputs(
            bundle, predict, examples.inputs, f"export.format={writer.name}"
        )
    except BaseException:
        file.unlink(missing_ok=True)
        raise


@status("measuring images per second")
def _measure(
    module: ExportedModule, runtimes: Mapping[str, Predict], examples: Examples
) -> dict[str, float]:
    repeats = -(-TIMED_IMAGES // len(examples.images))
    inputs = [
        np.tile(each, (repeats, *(1,) * (each.ndim - 1)))[:TIMED_IMAGES] for each in examples.inputs
    ]

    @torch.inference_mode()
    def eager() -> None:
        with full_precision():
            module(*map(torch.from_numpy, inputs))

    def of(predict: Predict) -> Any:
        return lambda: predict(*inputs)

    runs = {PYTORCH: eager, **{name: of(predict) for name, predict in runtimes.items()}}
    return images_per_s(runs, len(inputs[0]))


def _results(exported: Exported) -> dict[str, Any]:
    """Return the files with their checksums, and the measurements, as plain JSON."""
    return {
        "files": {
            name: {
                "file": each.path.name,
                "sha256": _sha256(each.path),
                "check": asdict(each.check),
                "usage": each.usage.splitlines(),
            }
            for name, each in exported.files.items()
        },
        "checked_on": exported.examples,
        "images_per_s": {name: round(speed, 1) for name, speed in exported.images_per_s.items()},
        "threads": exported.threads,
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
