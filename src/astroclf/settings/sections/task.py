"""Tasks: training, cross-validation, benchmark, and sending runs to MLflow."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from astroclf.settings.sections.section import Count, CustomSection, Section, UserPath


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Train(Section):
    name: Literal["train"]


class CrossVal(Section):
    name: Literal["crossval"]


class Benchmark(Section):
    name: Literal["benchmark"]
    steps: Count  # timed steps a round
    rounds: Count  # rounds in which the bare step and the loop take turns


class Sync(Section):
    name: Literal["sync"]
    folders: Annotated[tuple[UserPath, ...], BeforeValidator(_listed), Field(min_length=1)]


class CustomTask(CustomSection):
    positional = 1  # the Run

    name: Literal["custom"]


Task = Annotated[Train | CrossVal | Benchmark | Sync | CustomTask, Field(discriminator="name")]
