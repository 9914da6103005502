"""Input and output of task=predict."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from astroclf.settings.sections.dataset.file_pattern import check_pattern
from astroclf.settings.sections.section import Count, Section, Text, UserPath, listed


class PredictSection(Section):
    input: UserPath | None
    path_column: Text | None
    image_columns: dict[Text, Text] | None
    pattern: Text | None
    id_column: Text | None
    keep_columns: Annotated[tuple[Text, ...], BeforeValidator(listed)]
    image_root: UserPath | None
    images: Text | None
    frames: UserPath | None
    ra_column: Text | None
    dec_column: Text | None
    max_gigabytes: Annotated[float, Field(gt=0, le=1e6)]
    format: Literal["csv", "parquet", "galaxy_zoo"]
    batch_size: Count
    threads: Annotated[int, Field(ge=1, le=256, strict=True)] | None

    @model_validator(mode="after")
    def _has_a_pattern_of_bands(self) -> Self:
        if self.pattern is not None:
            check_pattern("predict.pattern", self.pattern)
        return self
