"""Images and classes of task=evaluate."""

from __future__ import annotations

from typing import Literal

from astroclf.settings.sections.section import Section, Text

UnknownClasses = Literal["stop", "skip"]


class EvaluateSection(Section):
    split: Text | None
    unknown_classes: UnknownClasses
    rename_classes: dict[Text, Text] | None
