"""Runs of task=compare."""

from __future__ import annotations

from astroclf.settings.sections.section import Section, Text


class CompareSection(Section):
    runs: tuple[Text, ...]
