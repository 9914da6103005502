"""Content of the page of task=inspect."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from astroclf.settings.sections.section import Section, Seed, Text


class InspectSection(Section):
    ids: tuple[Text, ...]
    per_class: Annotated[int, Field(ge=1, le=100, strict=True)]
    seed: Seed
