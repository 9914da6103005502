from __future__ import annotations

import shutil
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.tasks.model_from.names import find_models, find_runs


def bundles(project: Any, *names: str, tracked: bool = False) -> list[str]:
    found = find_models(names, project.using(*names, tracked=tracked))
    return [str(each.bundle.relative_to(project.outputs)) for each in found]


def refused(project: Any, *names: str, tracked: bool = False) -> str:
    with pytest.raises(UserError) as refusal:
        find_models(names, project.using(*names, tracked=tracked))
    return str(refusal.value)


def test_a_run_folder_and_its_bundle_are_the_same_model(project: Any) -> None:
    first = project.runs["first"]
    assert (
        bundles(project, str(first)) == bundles(project, str(first / "bundle")) == ["first/bundle"]
    )


def test_a_run_of_seeds_is_the_ensemble_of_its_seeds(project: Any) -> None:
    expected = ["seeds/seed-2/bundle", "seeds/seed-3/bundle"]
    assert bundles(project, str(project.runs["seeds"])) == expected
    assert bundles(project, "last") == bundles(project, "last", tracked=True) == expected


def test_mlflow_ids_and_uris_are_the_runs_with_these_ids(project: Any) -> None:
    run_id = project.run_id("second")
    for name in (run_id, f"runs:/{run_id}", f"runs:/{run_id}/bundle"):
        assert bundles(project, name, tracked=True) == ["second/bundle"]


def test_best_has_the_best_monitored_value_of_all_runs(project: Any) -> None:
    from astroclf.runs.folder import RunFolder
    from astroclf.runs.metrics import read_metrics

    values = {
        name: read_metrics(RunFolder(folder)).splits["val"]["accuracy"].value
        for name, folder in project.runs.items()
    }
    expected = max(values, key=lambda name: values[name])
    for tracked in (False, True):
        chosen = find_models(["best"], project.using("best", tracked=tracked))
        assert all(str(each.bundle).startswith(str(project.runs[expected])) for each in chosen)
        assert chosen[0].reason == f"best val accuracy of 3 runs: {values[expected]:.4f}"


def test_several_names_are_the_members_of_an_ensemble_in_their_order(project: Any) -> None:
    second, first = str(project.runs["second"]), str(project.runs["first"])
    assert bundles(project, second, first) == ["second/bundle", "first/bundle"]
    assert "is given twice" in refused(project, first, second, f"{first}/bundle")


def test_a_run_whose_folder_is_gone_is_downloaded_once(make_project: Any) -> None:
    project = make_project()
    folder = project.train("gone", *project.tracked)
    run_id, weights = project.run_id("gone"), (folder / "bundle/weights.safetensors").read_bytes()
    shutil.rmtree(folder)
    settings = project.using(run_id, tracked=True)
    (found,) = find_models([run_id], settings)
    assert settings.lookup is not None
    assert str(found.bundle).startswith(settings.lookup.cache)
    assert (found.bundle / "weights.safetensors").read_bytes() == weights
    (run,) = find_runs([run_id], settings)
    assert run.predictions.is_file()
    assert run.metrics.is_file()
    shutil.rmtree(project.root / "mlruns")  # the artifacts; a second download would fail
    assert find_models([run_id], settings) == [found]


def test_names_that_stand_for_nothing_are_refused(project: Any) -> None:
    unknown = "0" * 32
    assert refused(project, unknown, tracked=True).startswith(f"model_from={unknown}: sqlite:///")
    assert "there is no folder nothing" in refused(project, "nothing")
    assert "has no such model" in refused(project, "models:/stars/1", tracked=True)
    assert "has no such model" in refused(project, "models:/stars@best", tracked=True)


def test_last_without_a_run_is_refused(make_project: Any) -> None:
    project = make_project()
    assert "there is no finished training in" in refused(project, "last")
    assert "no finished training in the MLflow experiment tests" in refused(
        project, "last", tracked=True
    )


def test_a_store_that_was_moved_is_refused_and_not_created(make_project: Any) -> None:
    project = make_project()
    (project.root / "runs.db").rename(project.root / "moved.db")
    assert "there is no such database; it was moved" in refused(project, "last", tracked=True)
    assert not (project.root / "runs.db").exists()


def test_a_deleted_run_is_refused(make_project: Any) -> None:
    from mlflow import MlflowClient

    project = make_project()
    project.train("deleted", *project.tracked)
    run_id = project.run_id("deleted")
    MlflowClient(project.uri).delete_run(run_id)
    assert f"Restore it: mlflow runs restore --run-id {run_id}" in refused(
        project, run_id, tracked=True
    )
    assert "no finished training" in refused(project, "best", tracked=True)


def test_runs_are_found_by_folder_id_and_choice(project: Any) -> None:
    settings = project.using("last", tracked=True)
    names = [str(project.runs["first"]), project.run_id("second"), "last"]
    found = find_runs(names, settings)
    assert [run.path for run in found] == list(project.runs.values())
    with pytest.raises(UserError, match=r"compare\.runs=nowhere: there is no folder"):
        find_runs(["nowhere"], settings)
