"""Train, compare and trust classifiers of astronomical images.

>>> import astroclf
>>> run = astroclf.train("model=mobilenet", "finetune=lora", dataset="table.csv")  # doctest: +SKIP
>>> model = astroclf.load(run.folder)  # doctest: +SKIP
>>> model.predict(["a.jpg", "b.jpg"])  # doctest: +SKIP

Everything is imported when it is first used. Errors are described in `astroclf.errors`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astroclf.api.comparison import RunComparison, compare
    from astroclf.api.dataset import read_dataset
    from astroclf.api.evaluation import EvaluationResult, PartMetrics, evaluate
    from astroclf.api.inspection import InspectedDataset, inspect
    from astroclf.api.model import Model, load, predict
    from astroclf.api.training import TrainedRun, train
    from astroclf.data.dataset import ImageDataset
    from astroclf.errors import Interrupted, UserError
    from astroclf.runs.metrics import Metric

_MODULES = {
    "EvaluationResult": "astroclf.api.evaluation",
    "ImageDataset": "astroclf.data.dataset",
    "InspectedDataset": "astroclf.api.inspection",
    "Interrupted": "astroclf.errors",
    "Metric": "astroclf.runs.metrics",
    "Model": "astroclf.api.model",
    "PartMetrics": "astroclf.api.evaluation",
    "RunComparison": "astroclf.api.comparison",
    "TrainedRun": "astroclf.api.training",
    "UserError": "astroclf.errors",
    "compare": "astroclf.api.comparison",
    "evaluate": "astroclf.api.evaluation",
    "inspect": "astroclf.api.inspection",
    "load": "astroclf.api.model",
    "predict": "astroclf.api.model",
    "read_dataset": "astroclf.api.dataset",
    "train": "astroclf.api.training",
}
__all__ = [
    "EvaluationResult",
    "ImageDataset",
    "InspectedDataset",
    "Interrupted",
    "Metric",
    "Model",
    "PartMetrics",
    "RunComparison",
    "TrainedRun",
    "UserError",
    "compare",
    "evaluate",
    "inspect",
    "load",
    "predict",
    "read_dataset",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
