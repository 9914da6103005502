"""A source of images given by import path."""

from __future__ import annotations

from typing import Literal

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.section import CustomSection


class CustomSource(DatasetSection, CustomSection):
    name: Literal["custom"]
    targets: TargetKind

    @property
    def target_kind(self) -> TargetKind:
        return self.targets

    @property
    def has_tree(self) -> bool | None:
        return None if self.targets == "votes" else False

    @property
    def has_columns(self) -> bool:
        return True
