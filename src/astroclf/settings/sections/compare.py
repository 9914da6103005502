"""Runs of task=compare, and the tests of their differences."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from astroclf.settings.sections.section import Section, Text, listed, refusal


class CompareSection(Section):
    runs: Annotated[tuple[Text, ...], BeforeValidator(listed)]
    mlflow_experiment: Text | None
    metrics: Annotated[tuple[Text, ...], BeforeValidator(listed), Field(min_length=1)] | None
    pairs: Literal["all", "first"]
    gallery: bool

    @model_validator(mode="after")
    def _has_runs_or_an_experiment(self) -> Self:
        if self.mlflow_experiment is not None:
            if self.runs:
                raise refusal(
                    f"compare.runs and compare.mlflow_experiment={self.mlflow_experiment}: both name runs. Give one of them."
                )
        elif len(self.runs) < 2:
            given = f"compare.runs={list(self.runs)}: there is nothing to compare"
            raise refusal(
                f"{given}. Give two run folders or more, as compare.runs=[<run folder>,<run folder>]."
            )
        return self
