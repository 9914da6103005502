"""Every file in conf/ trains for two steps; a new file is found by itself."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from astroclf.settings import Settings
from astroclf.settings.groups import GROUPS, choices_of
from fixtures.galaxy_zoo import write_challenge

ROOT = Path(__file__).parents[1]

Run = Callable[..., Path]
Config = Callable[..., dict[str, Any]]

TWO_STEPS = (
    "trainer.max_steps=2",
    "trainer.epochs=1",
    "trainer.batch_size=8",
    "evaluation.bootstrap_resamples=0",
)
# Large enough for the schedules, the augmentation and the losses, and done at once.
SMALL_CNN = ("model.widths=[4,4]", "model.hidden_units=[8]")

# What a file needs beside itself to fit the simulated sky.
NEEDS: dict[str, tuple[str, ...]] = {
    "loss/mse": ("dataset.target=votes",),
    "loss/multinomial": ("dataset.target=galaxy_zoo_2",),
    "loss/dirichlet_multinomial": ("dataset.target=galaxy_zoo_2",),
    "task/benchmark": ("task.steps=1", "task.rounds=1"),
    "task/crossval": ("folds=3",),
    "debug/overfit": ("debug.epochs=1",),
    "dataset/image_folder": ("dataset.root={images}",),
    "dataset/hdf5": ("dataset.file={images}/../images.h5", "dataset.split_column=split"),
    "dataset/parquet": ("dataset.file={images}/../images.parquet", "dataset.split_column=split"),
    "dataset/catalog": ("dataset.table={images}/labels.csv",),
    "dataset/galaxy_zoo": ("dataset.root={images}/../zoo", "loss=mse"),
    "finetune/lora": ("finetune.rank=2",),
    "augment/custom": ("augment.target=fixtures.own_options.fade",),
    "task/custom": ("task.target=fixtures.own_options.count_images",),
    "loss/custom": ("loss.target=fixtures.own_options.hinge",),
    "dataset/custom": ("dataset.target=fixtures.own_options.bright_and_dark",),
    "model/custom": ("model.target=fixtures.own_options.Net",),
    "finetune/custom": ("finetune.target=fixtures.own_options.train_last",),
    "tracking/mlflow": ("tracking.uri=sqlite:///{images}/mlflow.db",),
}


# Fractions of the few simulated images in which every class occurs.
NEEDS_OF_RECIPES = {"pretrain_simulated": ["dataset.val_fraction=0.25"]}


def names_in(group: str) -> list[str]:
    return sorted(file.stem for file in (ROOT / "conf" / group).glob("*.yaml"))


def trains(group: str, name: str) -> bool:
    """Return False for tasks that train nothing, and for their groups: see the tests of each task."""
    if group == "task":
        return choices_of("task")[name].trains
    return Settings.model_fields[group].is_required()


# Files that need frames, a repository, or a layout of their own: see the tests of each source and model.
TESTED_ELSEWHERE = {
    "dataset/cutouts", "dataset/sdss_frames", "dataset/hub", "dataset/galaxy10_sdss", "dataset/galaxy10_decals",
    "dataset/galaxy_mnist", "model/zoobot",
}  # fmt: skip
CHOICES_THERE = [
    (group, name)
    for group in GROUPS
    for name in names_in(group)
    if trains(group, name) and f"{group}/{name}" not in TESTED_ELSEWHERE
]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """16 images for train, 8 for val and 4 for test, of two classes, in folders and in labels.csv."""
    root = tmp_path / "images"
    rng = np.random.default_rng(0)
    rows = []
    for (split, count), label in product({"train": 8, "val": 4, "test": 2}.items(), ("a", "b")):
        folder = root / split / label
        folder.mkdir(parents=True)
        for number in range(count):
            file = folder / f"{split}-{label}-{number}.png"
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(file)
            rows.append([str(file.relative_to(root)), label, split])
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "class", "split"], *rows])
    write_challenge(root.parent / "zoo")
    write_arrays(root.parent, rows, root)
    return root


def write_arrays(folder: Path, rows: list[list[str]], root: Path) -> None:
    """Write the images with labels and splits as images.h5 and images.parquet."""
    import h5py
    import pyarrow as pa
    import pyarrow.parquet as pq

    files, labels, splits = zip(*rows, strict=True)
    with h5py.File(folder / "images.h5", "w") as content:
        content["images"] = np.stack([np.asarray(Image.open(root / file)) for file in files])
        content["labels"], content["split"] = list(labels), list(splits)
    images = [(root / file).read_bytes() for file in files]
    pq.write_table(
        pa.table({"image": images, "label": labels, "split": splits}), folder / "images.parquet"
    )


def assert_trained(folder: Path, steps: int = 2) -> None:
    with (folder / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert len(history) == 1
    assert np.isfinite([float(history[0]["train_loss"]), float(history[0]["val_loss"])]).all()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert np.isfinite(metrics["val"]["loss"]["value"])
    for name in ("report.html", "predictions.csv", "split.csv", "bundle/bundle.json"):
        assert (folder / name).stat().st_size > 0
    assert metrics["run"]["images_per_s"] > 0


@pytest.mark.parametrize(("group", "name"), CHOICES_THERE, ids=lambda value: value)
def test_a_file_trains_two_steps(group: str, name: str, images: Path, train_run: Run) -> None:
    needs = [need.format(images=images) for need in NEEDS.get(f"{group}/{name}", ())]
    small = () if group == "model" else SMALL_CNN
    size = () if (group, name) == ("dataset", "custom") else ("dataset.image_px=32",)
    folder = train_run(f"{group}={name}", *TWO_STEPS, *small, *size, *needs)
    if (group, name) == ("task", "benchmark"):
        measured = json.loads((folder / "benchmark.json").read_text())
        assert measured["loop_over_bare"] > 0
        assert len(measured["bare_images_per_s"]) == 1
        return
    if (group, name) == ("task", "custom"):
        assert (folder / "count.txt").read_text() == "64"
        return
    if (group, name) == ("task", "crossval"):
        for fold in range(3):
            assert_trained(folder / f"fold-{fold}")
        return
    assert_trained(folder)
    if group == "tracking":
        record = json.loads((folder / "mlflow.json").read_text())  # for task=sync, where untracked
        assert bool(record["run_id"]) == (name == "mlflow")


def source_of(recipe: str) -> str:
    """The file of conf/dataset/ that a recipe chooses."""
    chosen = {"override /dataset": "simulated"}
    for entry in OmegaConf.load(ROOT / f"conf/experiment/{recipe}.yaml").defaults:
        if not isinstance(entry, str):
            chosen |= entry
    return chosen["override /dataset"]


def stand_in(dataset: dict[str, Any], images: Path) -> list[str]:
    """Overrides that put the small images in the place of a recipe's own."""
    if dataset["name"] == "simulated":
        return []
    # A catalog of magnitudes lacks these images, which are smaller than any crop.
    common = ["dataset.crop_px=null", "dataset.image_px=32", "evaluation.bin_columns=[]"]
    if dataset["name"] == "image_folder":
        return [*common, f"dataset.root={images}"]
    if dataset["name"] == "galaxy_zoo":
        return [*common, f"dataset.root={images}/../zoo"]
    columns = {key: "null" for key in dataset if key.endswith("_column")}
    columns |= {"image_column": "file", "split_column": "split"}
    if dataset["vote_columns"] is None:
        columns["label_column"] = "class"
    else:
        add_votes(images / "labels.csv", dataset["vote_columns"])
    chosen = [f"dataset.{key}={value}" for key, value in columns.items()]
    return [*common, f"dataset.table={images}/labels.csv", *chosen]


def add_votes(table: Path, columns: list[str]) -> None:
    rows = list(csv.reader(table.open()))
    rng = np.random.default_rng(0)
    voted = [[*row, *(f"{vote:.3f}" for vote in rng.random(len(columns)))] for row in rows[1:]]
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([[*rows[0], *columns], *voted])


@pytest.mark.parametrize("recipe", names_in("experiment"))
def test_a_recipe_trains_two_steps(
    recipe: str, images: Path, config: Config, train_run: Run
) -> None:
    # The source is named twice, so that the overrides of the simulated sky are left out if need be.
    chosen = (f"experiment={recipe}", f"dataset={source_of(recipe)}")
    needs = stand_in(config(*chosen)["dataset"], images)
    needs += NEEDS_OF_RECIPES.get(recipe, ())
    assert_trained(train_run(*chosen, *TWO_STEPS, *needs))


def test_smoke_takes_two_steps_of_the_default_trainer(config: Config) -> None:
    smoke, default = config("trainer=smoke")["trainer"], config()["trainer"]
    assert smoke["max_steps"] == 2
    assert set(smoke) == set(default)


def test_no_group_is_left_out() -> None:
    folders = {folder.name for folder in (ROOT / "conf").iterdir() if folder.is_dir()}
    assert folders - {"hydra", "experiment", "paths", "local", "schema"} == set(GROUPS)
    files = {f"{group}/{name}" for group, name in CHOICES_THERE}
    assert set(NEEDS) <= files, "NEEDS names a file that is gone"
    assert "defaults" in OmegaConf.load(ROOT / "conf/config.yaml")
