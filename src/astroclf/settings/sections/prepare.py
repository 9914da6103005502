"""Downloads of task=prepare."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from astroclf.settings.sections.section import Section, Text


class PrepareSection(Section):
    download: bool
    server: Text | None
    parallel: Annotated[int, Field(ge=1, le=8, strict=True)]
    retries: Annotated[int, Field(ge=0, le=100, strict=True)]
    timeout_s: Annotated[float, Field(gt=0, le=3600)]
    backoff_s: Annotated[float, Field(ge=0, le=3600)]
