"""All groups of settings together."""

from __future__ import annotations

from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from astroclf.settings import sections
from astroclf.settings.sections import Section


class Settings(Section):
    """All settings of a run as one read-only tree.

    Groups of a single task are None in the runs of all other tasks, and left out of what is stored.
    """

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
    flux: sections.Flux
    augment: sections.Augment
    trainer: sections.Trainer
    evaluation: sections.Evaluation
    tracking: sections.Tracking
    search: sections.Search
    debug: sections.Debug
    model_from: sections.ModelFrom | None = None
    lookup: sections.Lookup | None = None
    evaluate: sections.EvaluateSection | None = None
    predict: sections.PredictSection | None = None
    inspect: sections.InspectSection | None = None
    compare: sections.CompareSection | None = None
    export: sections.ExportSection | None = None
    prepare: sections.PrepareSection | None = None

    @model_serializer(mode="wrap")
    def _leave_out_other_tasks(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields, content = type(self).model_fields, dump(self)
        return {
            key: value
            for key, value in content.items()
            if value is not None or fields[key].is_required()
        }
