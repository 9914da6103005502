"""A model of images with one file per band, and the same images as files, archive, table and cubes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.files import read_csv
from fixtures.band_files import write_bands

BANDS = ("u", "g", "r", "i", "z")
IDS = [f"{number:04d}" for number in range(24)]
PATTERN = "dataset.pattern='s-{band}-{id}.fits'"

Run = Callable[..., Path]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 24 images of two classes in five bands, with a file that is none of theirs."""
    folder = tmp_path_factory.mktemp("stamps")
    for number, id in enumerate(IDS):
        label = ("faint", "bright")[number % 2]
        write_bands(folder / label, id, BANDS, seed=number, px=12, level=float(2 * (number % 2)))
    (folder / "faint/cat-0000.fits").touch()
    return folder


@pytest.fixture(scope="module")
def model(train_run: Run, root: Path) -> Path:
    """Return the folder of a run on the bands g, r, i, z and u, in this order."""
    return train_run(
        "dataset=image_folder", f"dataset.root={root}", "dataset.bands=[g,r,i,z,u]", PATTERN,
        "dataset.image_px=null", "dataset.stretch=linear", "trainer.epochs=3",
        "evaluation.bootstrap_resamples=0", "model.widths=[4,4]", "model.hidden_units=[8]",
    )  # fmt: skip


def probabilities(folder: Path) -> dict[str, float]:
    return {row["id"]: float(row["p_bright"]) for row in read_csv(folder / "predictions.csv")}


def test_bands_are_named_in_bundle_and_report(model: Path) -> None:
    bundle = json.loads((model / "bundle/bundle.json").read_text())
    assert bundle["framing"]["bands"] == ["g", "r", "i", "z", "u"]
    assert bundle["framing"]["pattern"] == "s-{band}-{id}.fits"
    assert "g, r, i, z, u" in (model / "report.html").read_text()


def test_every_kind_of_input_gives_the_probabilities_of_the_training(
    train_run: Run, model: Path, root: Path, tmp_path: Path
) -> None:
    def predict(*overrides: str) -> dict[str, float]:
        return probabilities(train_run("task=predict", f"model_from={model}", *overrides))

    expected = probabilities(model)
    files = sorted(root.rglob("s-*.fits"))
    assert predict(f"predict.input={root}") == pytest.approx(expected, abs=1e-5)
    with zipfile.ZipFile(tmp_path / "stamps.zip", "w") as archive:
        for file in files:
            archive.write(file, f"stamps/{file.name}")
    assert predict(f"predict.input={tmp_path}/stamps.zip") == pytest.approx(expected, abs=1e-5)
    rows = [
        ",".join([id, *(str(next(root.rglob(f"s-{band}-{id}.fits"))) for band in BANDS)])
        for id in IDS
    ]
    table = tmp_path / "stamps.csv"
    table.write_text("\n".join([",".join(["objid", *(f"file_{band}" for band in BANDS)]), *rows]))
    columns = ",".join(f"{band}: file_{band}" for band in BANDS)
    by_column = predict(
        f"predict.input={table}", f"predict.image_columns={{{columns}}}", "predict.id_column=objid"
    )
    assert by_column == pytest.approx(expected, abs=1e-5)
    planes = [fits.getdata(next(root.rglob(f"s-{band}-0003.fits"))) for band in "grizu"]
    fits.writeto(tmp_path / "0003.fits", np.stack(planes))
    cube = predict(f"predict.input={tmp_path}/0003.fits")
    assert cube == pytest.approx({"0003": expected["0003"]}, abs=1e-5)


def test_an_evaluation_takes_pattern_and_order_of_bands_from_the_model(
    train_run: Run, model: Path, root: Path
) -> None:
    folder = train_run(
        "task=evaluate", f"model_from={model}", "dataset=image_folder", f"dataset.root={root}"
    )
    assert probabilities(folder) == pytest.approx(probabilities(model), abs=1e-5)
