"""Input and output of task=predict."""

from __future__ import annotations

from astroclf.settings.sections.section import Count, Section, UserPath


class PredictSection(Section):
    input: UserPath | None
    batch_size: Count
