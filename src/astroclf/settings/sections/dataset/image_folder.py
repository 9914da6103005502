"""Images in folders of splits and classes."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.section import UserPath, refusal


class ImageFolder(Files):
    name: Literal["image_folder"]
    root: UserPath | None

    @property
    def source(self) -> str:
        return str(self.root)

    @model_validator(mode="after")
    def _has_a_folder(self) -> Self:
        if self.root is None:
            raise refusal(
                "dataset.root is not set. Give the folder with train/, val/ and test/, or with one folder "
                "per class, as dataset.root=<folder>."
            )
        return self
