"""Tracking of runs."""

from __future__ import annotations

from typing import Literal

from astroclf.settings.sections.section import Section, Text


class Untracked(Section):
    name: Literal["none"]


class Mlflow(Section):
    name: Literal["mlflow"]
    uri: str | None
    experiment: Text | None
    run_name: Text | None
