from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import astroclf
from astroclf.api.inspection import InspectedDataset


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> InspectedDataset:
    """Return an inspection of images in memory."""
    folder = tmp_path_factory.mktemp("inspected")
    sky = astroclf.read_dataset("simulated", "dataset.n_images=64", f"dataset.cache={folder}/cache")
    return astroclf.inspect(
        sky, None, f"hydra.run.dir={folder}/run", tracking="none", inspect={"max_images": 20}
    )


def test_tables_are_data_frames_of_numbers_and_names(inspected: InspectedDataset) -> None:
    counts = inspected.class_counts
    assert counts["class"].tolist() == ["galaxy", "star"]
    assert counts["all"].sum() == 64
    assert counts["all"].dtype == np.int64
    statistics = inspected.statistics
    assert {"id", "class", "split", "half_light_radius_px", "g - r"} <= set(statistics)
    assert statistics["half_light_radius_px"].dtype == np.float64
    assert (statistics["split"] == "train").sum() == 20


def test_the_page_is_shown_in_a_notebook_and_its_figures_are_files(
    inspected: InspectedDataset,
) -> None:
    assert inspected._repr_html_().startswith("<iframe srcdoc=")
    assert "images in memory" in inspected.report.read_text()
    assert "distribution_signal-to-noise" in inspected.figures
    assert all(file.is_file() for file in inspected.figures.values())


def test_tables_that_need_a_model_say_so(inspected: InspectedDataset) -> None:
    with pytest.raises(astroclf.UserError, match=r"has no ablations: they need a model"):
        _ = inspected.ablations
    with pytest.raises(astroclf.UserError, match=r"they need inspect.predictions"):
        _ = inspected.label_errors


def test_a_model_adds_its_tables(
    train_run: Callable[..., Path], tmp_path: Path, cache: Path
) -> None:
    trained = train_run("trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]")
    inspected = astroclf.inspect(
        {"n_images": 64, "image_px": 32, "cache": str(cache)},
        astroclf.load(trained, device="cpu"),
        f"hydra.run.dir={tmp_path}/run",
        "inspect.map=pca",
        "inspect.ablations=[gray,dim]",
        tracking="none",
        inspect={"ids": ["sim-000005"], "neighbors": 2},
    )
    assert inspected.neighbors["rank"].tolist() == [1, 2]
    assert set(inspected.ablations["ablation"]) == {"gray", "dim"}
    assert {"pca_1", "pca_2"} <= set(inspected.embedding)
    assert "map_pca" in inspected.figures
