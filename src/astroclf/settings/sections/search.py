"""Hyperparameter search."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from astroclf.settings.sections.section import Section


class Search(Section):
    """Search space and objective of a sweep with Optuna."""

    params: dict[str, Any]  # key -> its values, as in hydra.sweeper.params
    where: dict[str, dict[str, Any]]  # <key>=<value> -> params that count only there
    objective: str | Annotated[tuple[str, ...], Field(min_length=1)] | None
    objective_epoch: Literal["best", "last", "mean"]
    keep_models: Annotated[int, Field(ge=0, le=100, strict=True)]
    replicates: Annotated[int, Field(ge=0, le=1000, strict=True)]
