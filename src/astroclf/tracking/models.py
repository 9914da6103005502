"""Logged model of a run on an MLflow server, and its versions in the registry."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.tracking.artifacts import BUNDLE

if TYPE_CHECKING:
    from mlflow import MlflowClient

VERSIONS_TAG = "mlflow.modelVersions"  # MLflow's own
UNSUPPORTED = ("ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED")  # by servers of MLflow 2


def create_model(
    client: MlflowClient, experiment_id: str, run_id: str, run_name: str
) -> str | None:
    """Create the logged model of a run, without files; return its id, None if the server has none.

    The menu of MLflow 3 has its entry "Training runs" only if a run has a logged model.
    """
    from mlflow.exceptions import MlflowException

    name = re.sub(r"[^\w-]+", "-", run_name)
    tags = {"bundle": f"runs:/{run_id}/{BUNDLE}"}
    try:
        return str(client.create_logged_model(experiment_id, name, run_id, tags=tags).model_id)
    except MlflowException as error:
        if error.error_code not in UNSUPPORTED:
            raise
        return None


def upload_model(client: MlflowClient, model_id: str, folder: Path, bundle: Path) -> None:
    """Upload the files of an MLflow model: its description, and the bundle in a folder of its own."""
    client.log_model_artifacts(model_id, str(folder))
    client.log_model_artifacts(model_id, str(bundle), BUNDLE)


def finish_model(client: MlflowClient, model_id: str, run_id: str) -> None:
    """Mark a logged model as complete, and as the output of its run."""
    from mlflow.entities import LoggedModelOutput

    client.finalize_logged_model(model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model_id, 0)])


def register_version(client: MlflowClient, name: str, model_id: str, run_id: str) -> str:
    """Return the version of a logged model in the registry, which is created if need be."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"models:/{model_id}"
    if not client.tracking_uri.startswith(("http://", "https://")):
        # A database would resolve that address in MLflow's default store, whatever store this is.
        source = str(client.get_logged_model(model_id).artifact_location)
    for known in client.search_model_versions(f"name = '{name}'"):
        if known.model_id == model_id or known.source == source:
            return str(known.version)
    version = str(client.create_model_version(name, source, run_id, model_id=model_id).version)
    # Only MLflow's fluent functions set this tag, from which the page of the model lists its versions.
    known_as = json.dumps([{"name": name, "version": version}])
    client.set_logged_model_tags(model_id, {VERSIONS_TAG: known_as})
    return version
