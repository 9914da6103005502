"""Input and output of task=predict."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from astroclf.settings.sections.section import Count, Section, Text, UserPath, listed


class PredictSection(Section):
    input: UserPath | None
    path_column: Text | None
    id_column: Text | None
    keep_columns: Annotated[tuple[Text, ...], BeforeValidator(listed)]
    image_root: UserPath | None
    images: Text | None
    max_gigabytes: Annotated[float, Field(gt=0, le=1e6)]
    format: Literal["csv", "parquet", "galaxy_zoo"]
    batch_size: Count
    threads: Annotated[int, Field(ge=1, le=256, strict=True)] | None
