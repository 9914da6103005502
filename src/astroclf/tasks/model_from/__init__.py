"""Trained models and runs by their names: `model_from` and `compare.runs`.

- places: where the settings have them looked up.
- folders: bundles of a run folder.
- tracked: bundles and results of MLflow.
- sweeps: bundles of the best trials of a search.
- selection: the last and the best of several runs.
- names: from a name to bundles or run folders.
- opening: from names to a Bundle.
"""

from astroclf.tasks.model_from.names import find_runs
from astroclf.tasks.model_from.opening import open_model

__all__ = ["find_runs", "open_model"]
