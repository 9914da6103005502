"""MLflow's description of a bundle: complete, loadable with the bundle, and without code or pickles."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from astroclf.bundle import read_bundle
from astroclf.bundle.description import parse_description
from astroclf.models.bundle_files import read_description
from astroclf.serving.folder import write_model_folder

pytestmark = pytest.mark.filterwarnings("ignore")  # those of MLflow about its own code


@pytest.fixture(scope="module")
def model(train_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an MLflow model with its bundle."""
    run = train_run("trainer.epochs=1", "model.widths=[4]", "model.hidden_units=[8]")
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    write_model_folder(parse_description(read_description(run / "bundle")), folder)
    shutil.copytree(run / "bundle", folder / "bundle")
    return folder


def test_mlflow_loads_the_model_and_predicts_its_example(model: Path) -> None:
    import mlflow

    loaded = mlflow.pyfunc.load_model(str(model))
    example = loaded.input_example
    answer = loaded.predict(example)
    bundle = read_bundle(model / "bundle")
    image = np.array(example["array"][0], np.float32)[None]
    assert float(answer["p_star"][0]) == pytest.approx(bundle.predict(image)[0, 1], abs=1e-6)
    assert (answer["id"][0], answer["reason"][0]) == ("example", "")


def test_rows_with_files_and_arrays_pass_the_signature(model: Path) -> None:
    import mlflow

    loaded = mlflow.pyfunc.load_model(str(model))
    arrays = [np.zeros((3, 32, 32)).tolist(), np.nan, 5.0]  # NaN as MLflow reads a missing key
    answer = loaded.predict(pd.DataFrame({"file": [None, "eA==", None], "array": arrays}))
    assert list(answer["reason"]) == [
        "",
        "the model was trained on arrays, not on files: give array",
        "array has the shape of one number, not 3 x 32 x 32 (3 bands, height, width)",
    ]


def test_the_folder_holds_no_code_and_no_pickle(model: Path) -> None:
    names = {each.name for each in model.iterdir()}
    assert names >= {"MLmodel", "requirements.txt", "python_env.yaml", "bundle"}
    assert not [each for each in model.rglob("*") if each.suffix in (".pkl", ".pickle", ".py")]
    flavor = yaml.safe_load((model / "MLmodel").read_text())["flavors"]["python_function"]
    assert (flavor["loader_module"], flavor["code"]) == ("astroclf.serving", None)
    assert "python_model" not in flavor


def test_requirements_are_pinned_to_the_installed_versions(model: Path) -> None:
    lines = (model / "requirements.txt").read_text().split()
    assert f"astroclf=={version('astroclf')}" in lines
    assert f"timm=={version('timm')}" in lines
    assert all("==" in line and "+" not in line for line in lines)
