"""Data sets of the Hugging Face hub."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.image_rows import ImageRows
from astroclf.settings.sections.section import Positive, Text, UserPath, refusal


class Hub(ImageRows):
    name: Literal["hub"]
    repo: UserPath | None  # a repository, or a folder
    config: Text | None
    revision: Text | None
    image_column: Text
    timeout_s: Positive

    @property
    def source(self) -> str:
        return str(self.repo)

    @model_validator(mode="after")
    def _has_a_repository(self) -> Self:
        if self.repo is None:
            raise refusal(
                "dataset.repo is not set. Give the repository of the hub, as dataset.repo=<owner>/<name>, or a folder in the "
                "layout of one."
            )
        return self
