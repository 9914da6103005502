"""Upload of the files of a run, and registration of its bundle as a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

BUNDLE = "bundle"


def file_version(path: Path) -> str:
    """Return size and time of a file, or of all files in a folder; "" if there is none."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    states = [file.stat() for file in files if file.is_file()]
    size, newest_ns = (
        sum(s.st_size for s in states),
        max((s.st_mtime_ns for s in states), default=0),
    )
    return f"{size}-{newest_ns}" if states else ""


def upload(client: MlflowClient, run_id: str, path: Path) -> None:
    """Upload a file or folder to the run; replace one of the same name."""
    if path.is_dir():
        client.log_artifacts(run_id, str(path), path.name)
    else:
        client.log_artifact(run_id, str(path))


def register_model(client: MlflowClient, experiment_id: str, run_id: str, run_name: str) -> None:
    """Register the bundle as the logged model of the run; MLflow 2 has no logged models.

    The menu of MLflow 3 has its entry "Training runs" only if a run has a logged model.
    """
    if not hasattr(client, "create_logged_model"):
        return
    from mlflow.entities import LoggedModelOutput
    from mlflow.exceptions import MlflowException

    name = re.sub(r"[^\w-]+", "-", run_name)
    tags = {"bundle": f"runs:/{run_id}/{BUNDLE}"}
    try:
        model = client.create_logged_model(experiment_id, name, run_id, tags=tags)
        client.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    except MlflowException as error:
        if error.error_code not in ("ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED"):
            raise
