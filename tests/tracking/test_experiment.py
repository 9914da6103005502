from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.tracking.experiment import EXPERIMENT_TAGS, experiment_id, open_client
from astroclf.tracking.faults import TrackingError


def test_an_experiment_is_created_once_with_its_artifacts_beside_the_database(
    project: Path,
) -> None:
    uri = f"sqlite:///{project}/mlflow.db"
    client = open_client(uri)
    first = experiment_id(client, uri, "stars/2")
    assert experiment_id(client, uri, "stars/2") == first
    experiment = client.get_experiment(first)
    assert experiment.artifact_location == (project / "mlruns/stars-2").as_uri()
    assert EXPERIMENT_TAGS.items() <= experiment.tags.items()


def test_a_deleted_experiment_is_refused_with_the_command_that_restores_it(project: Path) -> None:
    uri = f"sqlite:///{project}/mlflow.db"
    client = open_client(uri)
    deleted = experiment_id(client, uri, "stars")
    client.delete_experiment(deleted)
    with pytest.raises(TrackingError, match=f"restore --experiment-id {deleted}") as raised:
        experiment_id(client, uri, "stars")
    assert raised.value.is_permanent
