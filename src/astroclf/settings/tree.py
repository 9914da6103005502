"""All groups of settings together."""

from __future__ import annotations

from pydantic import ConfigDict, SerializeAsAny

from astroclf.settings import sections
from astroclf.settings.sections import Section


class Settings(Section):
    """Everything a run was asked to do, as one read-only tree."""

    # Sections were checked by the class that their name chose, so they are not checked again.
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        allow_inf_nan=False,
        revalidate_instances="never",
    )

    seed: sections.Seed
    seeds: sections.Seeds | None
    folds: sections.Count
    task: SerializeAsAny[sections.Train | sections.CrossVal | sections.Benchmark | sections.Sync]
    dataset: SerializeAsAny[sections.Dataset]
    model: SerializeAsAny[sections.Model]
    finetune: SerializeAsAny[sections.Finetune]
    loss: SerializeAsAny[sections.Ce | sections.Bce | sections.Focal | sections.Mse]
    optimizer: SerializeAsAny[sections.Optimizer]
    scheduler: SerializeAsAny[Section]
    augment: SerializeAsAny[sections.Augment | sections.Sky]
    trainer: sections.Trainer
    evaluation: sections.Evaluation
    tracking: SerializeAsAny[sections.Untracked | sections.Mlflow]
    search: sections.Search
