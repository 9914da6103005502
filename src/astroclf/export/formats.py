"""Formats of exported models: PyTorch's archive (torch.export) and ONNX, each written and read."""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch.export import ExportedProgram

from astroclf.errors import UserError, one_line
from astroclf.files import replace_file

INPUT, COLUMNS, OUTPUTS = "images", "columns", ("probabilities", "label")
METADATA = "astroclf.json"  # name of the description in the archive and in the ONNX file

Outputs = tuple[np.ndarray, np.ndarray]
Predict = Callable[..., Outputs]  # of images, and of catalog columns where the model takes some


class ExportFormat(ABC):
    """One format of exported models.

    name: as in export.format. file_name: of the model. runtime: the library that runs it.
    """

    name: ClassVar[str]
    file_name: ClassVar[str]
    runtime: ClassVar[str]

    def require_installed(self) -> None:  # noqa: B027 - PyTorch is always installed
        """Raise UserError if a package is missing."""

    @abstractmethod
    def write(self, program: ExportedProgram, file: Path, metadata: Mapping[str, Any]) -> None:
        """Write the program with its description, whole or not at all."""

    @abstractmethod
    def load(self, file: Path, threads: int) -> Predict:
        """Return the function from (N, C, H, W) images, and (N, F) columns if any, to probabilities and labels."""

    @abstractmethod
    def usage(self, file_name: str) -> str:
        """Return the lines of Python that use the file, from its folder."""


class TorchExport(ExportFormat):
    """Archive of torch.export, for programs with PyTorch and without astroclf."""

    name = "torch_export"
    file_name = "model.pt2"
    runtime = "torch.export"

    def write(self, program: ExportedProgram, file: Path, metadata: Mapping[str, Any]) -> None:
        with replace_file(file) as stream:
            torch.export.save(program, stream, extra_files={METADATA: json.dumps(metadata)})

    def load(self, file: Path, threads: int) -> Predict:
        module = torch.export.load(file).module()

        @torch.inference_mode()
        def predict(*inputs: np.ndarray) -> Outputs:
            probabilities, label = module(*map(torch.from_numpy, inputs))
            return probabilities.numpy(), label.numpy()

        return predict

    def usage(self, file_name: str) -> str:
        return (
            "import torch\n"
            f'model = torch.export.load("{file_name}").module()\n'
            "probabilities, label = model(images)  # a tensor (N, C, H, W)"
        )


class Onnx(ExportFormat):
    """ONNX file, for ONNX Runtime and the programs that read ONNX."""

    name = "onnx"
    file_name = "model.onnx"
    runtime = "ONNX Runtime"

    def require_installed(self) -> None:
        try:
            import onnx  # noqa: F401
            import onnxruntime  # noqa: F401
            import onnxscript  # noqa: F401
        except ImportError as error:
            raise UserError(
                f"export.format=onnx: the package {error.name} is not installed. "
                'Install it with: pip install "astroclf[onnx]"'
            ) from error

    def write(self, program: ExportedProgram, file: Path, metadata: Mapping[str, Any]) -> None:
        with _quiet_exporter():
            exported = torch.onnx.export(
                program,
                input_names=[INPUT, COLUMNS][: len(program.graph_signature.user_inputs)],
                output_names=list(OUTPUTS),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        assert exported is not None
        model = exported.model_proto
        model.metadata_props.add(key=METADATA, value=json.dumps(metadata))
        with replace_file(file) as stream:
            stream.write(model.SerializeToString())

    def load(self, file: Path, threads: int) -> Predict:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"])

        def predict(*inputs: np.ndarray) -> Outputs:
            named = dict(zip((INPUT, COLUMNS), inputs, strict=False))
            probabilities, label = session.run(list(OUTPUTS), named)
            return probabilities, label

        return predict

    def usage(self, file_name: str) -> str:
        return (
            "import onnxruntime\n"
            f'model = onnxruntime.InferenceSession("{file_name}")\n'
            f'probabilities, label = model.run(None, {{"{INPUT}": images}})  # an array (N, C, H, W)'
        )


FORMATS: Mapping[str, ExportFormat] = {each.name: each for each in (Onnx(), TorchExport())}


def trace(module: torch.nn.Module, *example: torch.Tensor) -> ExportedProgram:
    """Return the program of a module for any number of images, with their columns if it takes some.

    Raises UserError for a network that torch.export cannot trace.
    """
    batch = torch.export.Dim("batch")
    try:
        with torch.no_grad():
            shapes: dict[str, Any] = {INPUT: {0: batch}}
            if example[1:]:
                shapes[COLUMNS] = tuple({0: batch} for _ in example[1:])
            return torch.export.export(module, example, dynamic_shapes=shapes)
    except Exception as error:  # PyTorch has many classes for it
        raise UserError(
            f"The network cannot be exported: torch.export refuses it ({one_line(error)}). "
            "Choose another model, or write its forward pass without branches on values."
        ) from error


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the exporter's warnings about its own internals."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
