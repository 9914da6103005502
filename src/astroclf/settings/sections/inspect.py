"""Content of the page of task=inspect."""

from __future__ import annotations

from astroclf.settings.sections.section import Section, Text


class InspectSection(Section):
    ids: tuple[Text, ...]
