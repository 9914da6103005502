"""Places in which runs and trained models are looked up."""

from __future__ import annotations

from astroclf.settings.sections.section import Section, UserPath


class Lookup(Section):
    """Folders for `model_from` and `compare.runs`."""

    outputs: UserPath
    cache: UserPath
