"""Settings in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from astroclf.settings import Settings, sections, words
from fixtures.trees import VOTED_GALAXIES

Build = Callable[..., Settings]


def test_a_title_names_task_network_strategy_and_data(settings: Build, tmp_path: Path) -> None:
    chosen = settings("model=efficientnet_lite", "finetune=lora")
    five = tuple("abcde")
    expected = f"5 classes, {chosen.model.name}, LoRA, simulated stars and galaxies"
    assert words.title(chosen, five, from_scratch=False) == expected
    cnn = settings("dataset=image_folder", f"dataset.root={tmp_path}/sdss")
    expected = "star / galaxy, cnn, trained from scratch, sdss"
    assert words.title(cnn, ("star", "galaxy"), from_scratch=True) == expected
    votes = settings("dataset.target=votes", "loss=mse", "trainer.monitor=rmse")
    assert words.title(votes, five, from_scratch=True).startswith("5 vote fractions, cnn")


def test_every_simulation_has_a_name() -> None:
    targets = get_args(sections.Simulated.model_fields["target"].annotation)
    assert set(words.SIMULATED) == set(targets)


def test_galaxy_zoo_states_its_schema_and_cuts(settings: Build) -> None:
    votes = settings("dataset=galaxy_zoo", "dataset.root=zoo", "loss=mse").dataset
    assert words.describe_data(votes)["votes"].startswith("galaxy_zoo_2 (Willett et al. 2013")
    classes = settings("dataset=galaxy_zoo", "dataset.root=zoo", "dataset.target=classes").dataset
    assert "cuts five_classes (Zhu et al. 2019" in words.describe_data(classes)["votes"]


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (["loss=ce"], "cross entropy"),
        (["loss=ce_smooth"], "cross entropy, label smoothing 0.1"),
        (
            ["loss.class_weights=balanced"],
            "cross entropy, classes weighted by their inverse frequency",
        ),
        (["loss.class_weights=[1,2.5]"], "cross entropy, class weights 1, 2.5"),
        (["loss=focal"], "focal loss (sigmoid), gamma 2, alpha 0.25"),
        (
            [*VOTED_GALAXIES, "loss=mse", "loss.head=sigmoid"],
            "mean squared error, a sigmoid for each answer",
        ),
        (
            [*VOTED_GALAXIES, "loss=multinomial"],
            "multinomial likelihood of the votes of each question",
        ),
        (
            [*VOTED_GALAXIES, "loss=dirichlet_multinomial"],
            "Dirichlet-multinomial likelihood of the votes of each question, 40 volunteers where unknown",
        ),
    ],
)
def test_losses(settings: Build, overrides: list[str], text: str) -> None:
    assert words.describe_loss(settings(*overrides).loss) == text


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("optimizer=adam", "Adam, weight decay"),
        ("optimizer=sgd", "SGD, Nesterov momentum 0.9"),
    ],
)
def test_optimizers(settings: Build, override: str, text: str) -> None:
    assert words.describe_optimizer(settings(override).optimizer).startswith(text)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("scheduler=none", "constant"),
        ("scheduler=cosine", "cosine after a warm-up of 1 epoch, down to 0.01 of it"),
        ("scheduler=onecycle", "one cycle, rising in the first 30% of the steps"),
        ("scheduler=step", "× 0.1 every 30 epochs"),
        ("scheduler=plateau", "× 0.3 after 3 epochs without improvement"),
    ],
)
def test_schedules(settings: Build, override: str, text: str) -> None:
    assert words.describe_schedule(settings(override).scheduler) == text


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (["augment=none"], "none"),
        (["augment=dihedral"], "random flips and quarter turns"),
        (
            ["augment=sky"],
            "random flip and rotation by any angle, shift up to 1 px, flux changed up to 10%, noise (that resampling averages out)",
        ),
        (
            ["augment=sky", "augment.rotation=false", "augment.noise=0", "augment.brightness=0"],
            "shift up to 1 px",
        ),
    ],
)
def test_augmentations(settings: Build, overrides: list[str], text: str) -> None:
    assert words.describe_augmentation(settings(*overrides).augment) == text


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (["finetune=full"], "all weights"),
        (
            ["finetune=full", "finetune.layer_decay=0.75"],
            "all weights, learning rate × 0.75 per layer",
        ),
        (
            ["finetune=full", "finetune.unfreeze_epochs=2"],
            "all weights, one more stage every 2 epochs",
        ),
        (["finetune=classifier"], "linear probe: the head on a frozen backbone"),
        (["finetune=lora"], "LoRA of rank 16, alpha 32, and the head"),
        (
            ["finetune=lora", "finetune.train_norms=true"],
            "LoRA of rank 16, alpha 32, and the head, with normalization layers",
        ),
    ],
)
def test_strategies(settings: Build, overrides: list[str], text: str) -> None:
    assert words.describe_strategy(settings("model=mobilenet", *overrides).finetune) == text


def test_the_crop_and_the_path_of_the_data(settings: Build, tmp_path: Path) -> None:
    folder = settings("dataset=image_folder", f"dataset.root={tmp_path}", "dataset.crop_px=64")
    assert words.describe_data(folder.dataset) == {
        "data": str(tmp_path),
        "crop": "the central 64 × 64 px",
    }
    assert words.describe_data(settings().dataset)["data"].startswith("simulated stars")


def test_batches_and_learning_rates(settings: Build) -> None:
    chosen = settings(
        "trainer.batch_size=64",
        "trainer.accumulate_batches=4",
        "finetune.head_lr=0.01",
        "optimizer.lr=0.001",
    )
    assert words.describe_batches(chosen.trainer) == "4 × 64 images (gradient accumulation)"
    assert words.describe_learning_rate(chosen) == "0.001, head 0.01"
    assert (
        words.describe_stopping(settings("trainer.patience=5").trainer)
        == "after 5 epochs without improvement"
    )
