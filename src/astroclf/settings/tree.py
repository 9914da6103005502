"""All groups of settings together."""

from __future__ import annotations

from astroclf.settings import sections
from astroclf.settings.sections import Section


class Settings(Section):
    """All settings of a run as one read-only tree."""

    seed: sections.Seed
    seeds: sections.Seeds | None
    folds: sections.Count
    task: sections.Task
    dataset: sections.Dataset
    model: sections.Model
    finetune: sections.Finetune
    loss: sections.Loss
    optimizer: sections.Optimizer
    scheduler: sections.Scheduler
    augment: sections.Augment
    trainer: sections.Trainer
    evaluation: sections.Evaluation
    tracking: sections.Tracking
    search: sections.Search
    debug: sections.Debug
