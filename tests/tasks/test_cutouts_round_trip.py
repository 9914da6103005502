from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.files import read_csv
from fixtures.simulated_frames import Sky, render, scatter, tan_wcs, write_frame

CENTER, N = (150.1, 2.2), 64
BANDS = {"g": (0.4, 0.0, 1.3, (900, 900)), "r": (0.3, 31.0, 1.1, (1700, 1700))}


@pytest.fixture(scope="module")
def mosaics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bands with rotation and different pixel scales, and tables of stars and galaxies in them."""
    folder, rng = tmp_path_factory.mktemp("mosaics"), np.random.default_rng(0)
    sigmas = np.where(np.arange(N) % 2, 1.2, 0.0)
    sky = Sky(scatter(CENTER, N, 320, 0, 14), 10 ** rng.uniform(3.5, 4.2, N), sigmas)
    for band, (scale, rotation, fwhm, shape) in BANDS.items():
        wcs = tan_wcs(CENTER, scale, shape, rotation, (3.3, -7.7))
        image = render(sky, wcs, shape, fwhm, scale) + rng.normal(0, 2, shape)
        write_frame(folder / f"{band}.fits", image, wcs)
    rows = [
        f"{number:018d},{ra:.8f},{dec:.8f},{'galaxy' if number % 2 else 'star'}"
        for number, (ra, dec) in enumerate(sky.sky_deg)
    ]
    (folder / "objects.csv").write_text("\n".join(["objID,ra,dec,class", *rows]))
    (folder / "coordinates.csv").write_text(
        "\n".join(["name,ra,dec", *(row.rpartition(",")[0] for row in rows), "far,10,-60"])
    )
    return folder


@pytest.mark.slow
def test_coordinates_get_the_probabilities_of_the_training_stamps(
    train_run: Callable[..., Path], mosaics: Path
) -> None:
    model = train_run(
        "dataset=cutouts", f"dataset.frames=\"{mosaics}/{{band}}.fits\"", "dataset.bands=[g,r]",
        f"dataset.table={mosaics}/objects.csv", "dataset.id_column=objID", "dataset.cutout_px=24",
        "dataset.match_psf=widest", "trainer.epochs=2", "evaluation.bootstrap_resamples=0",
        "model.widths=[4,4]", "model.hidden_units=[8]",
    )  # fmt: skip
    predictions = train_run(
        "task=predict",
        f"model_from={model}",
        f"predict.input={mosaics}/coordinates.csv",
        "predict.id_column=name",
    )
    trained = {row["id"]: row for row in read_csv(model / "predictions.csv")}
    rows = {row["id"]: row for row in read_csv(predictions / "predictions.csv")}
    assert rows.pop("far")["reason"] == "outside every frame"
    assert len(rows) == N
    assert set(trained) <= set(rows)
    for identity, row in trained.items():
        assert rows[identity]["label"] == row["label"]
        for name in ("p_galaxy", "p_star"):
            assert float(rows[identity][name]) == pytest.approx(float(row[name]), abs=2e-6)
