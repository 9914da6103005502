"""Tracking of runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Section, Text


class Untracked(Section):
    name: Literal["none"]


class Mlflow(Section):
    name: Literal["mlflow"]
    uri: str | None
    experiment: Text | None
    run_name: Text | None


Tracking = Annotated[Untracked | Mlflow, Field(discriminator="name")]
