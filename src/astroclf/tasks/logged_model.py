"""Bundle of a run as an MLflow model."""

from __future__ import annotations

from astroclf.bundle import Description
from astroclf.settings import sections
from astroclf.tasks.run import Run


def log_model(run: Run, description: Description) -> None:
    """Log the bundle as an MLflow model if tracking.log_model is set, and register it if it has a name."""
    tracking = run.settings.tracking
    if not isinstance(tracking, sections.Mlflow) or not tracking.log_model:
        return
    from astroclf.serving.folder import write_model_folder

    write_model_folder(description, run.folder.mlflow_model)
    run.tracker.log_model(run.folder.mlflow_model, tracking.register)
