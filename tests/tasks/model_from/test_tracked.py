from __future__ import annotations

import shutil
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.tasks.model_from.places import Places
from astroclf.tasks.model_from.tracked import bundle_of_model, has_folder, run_id_in

HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "run_id"),
    [(HEX, HEX), (f"runs:/{HEX}", HEX), (f"runs:/{HEX}/bundle", HEX), (HEX[1:], None), ("last", None)],
)  # fmt: skip
def test_run_ids_and_their_uris_are_recognized(name: str, run_id: str | None) -> None:
    assert run_id_in(name) == run_id


def test_a_registered_model_is_found_by_version_and_alias(project: Any) -> None:
    from mlflow import MlflowClient

    client, run_id = MlflowClient(project.uri), project.run_id("first")
    client.create_registered_model("stars")
    source = f"{client.get_run(run_id).info.artifact_uri}/bundle"
    client.create_model_version("stars", source, run_id)
    client.set_registered_model_alias("stars", "champion", "1")
    places = Places.of(project.using("models:/stars/1", tracked=True))
    weights = (project.runs["first"] / "bundle/weights.safetensors").read_bytes()
    found = {
        bundle_of_model(f"models:/stars{name}", places)
        for name in ("/1", "/champion", "@champion", "/latest")
    }
    assert len(found) == 1
    assert (found.pop() / "weights.safetensors").read_bytes() == weights
    for missing in ("/2", "/challenger", "@challenger"):
        with pytest.raises(UserError, match="has no such model"):
            bundle_of_model(f"models:/stars{missing}", places)


def test_a_folder_that_another_run_has_taken_is_not_that_of_the_run(make_project: Any) -> None:
    project = make_project()
    project.train("run", *project.tracked)
    places = Places.of(project.using("last", tracked=True))
    run = places.store.run(project.run_id("run"))
    assert has_folder(run)
    shutil.rmtree(project.runs["run"])
    assert not has_folder(run)
    project.train("run", "tracking=none")
    assert not has_folder(run)
