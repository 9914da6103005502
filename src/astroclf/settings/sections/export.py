"""Formats of task=export."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from astroclf.settings.sections.section import Section, UserPath, listed


class ExportSection(Section):
    format: Annotated[
        tuple[Literal["onnx", "torch_export"], ...], BeforeValidator(listed), Field(min_length=1)
    ]
    images: UserPath | None
