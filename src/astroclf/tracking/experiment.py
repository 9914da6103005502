"""MLflow client, and the experiment of the runs."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from astroclf.redaction import redact
from astroclf.tracking.addresses import database_file
from astroclf.tracking.faults import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow 3.17 opens every experiment in its view for language models; the note on its first page
# names the entry of the menu that leads to the runs.
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "See Training runs",
}


def open_client(uri: str) -> MlflowClient:
    """Return a client, without creating a local database. Imports MLflow."""
    from mlflow import MlflowClient

    return MlflowClient(uri)


def experiment_id(client: MlflowClient, uri: str, name: str) -> str:
    """Return the id of the experiment, created if need be; several processes may do it at once.

    Raises TrackingError if it was deleted.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, _artifact_root(uri, name), EXPERIMENT_TAGS))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was first
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise TrackingError(
            f"tracking.experiment={name}: the experiment was deleted in MLflow. Choose another name, or restore it: "
            f"MLFLOW_TRACKING_URI={shlex.quote(redact(uri))} "
            f"mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return str(found.experiment_id)


def _artifact_root(uri: str, name: str) -> str | None:
    """Return the artifact location of an experiment: mlruns/<name> beside a database, None on a server."""
    database = database_file(uri)
    if database is None:
        return None
    # One folder name; two experiments that share it have folders of their own for each run id.
    folder = re.sub(r"[/\\]|^\.+$", "-", name)
    return (database.parent / "mlruns" / folder).as_uri()
