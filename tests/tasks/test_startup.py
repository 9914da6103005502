from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from astroclf.data.dataset import ImageDataset
from astroclf.runs.checkpoint import read_checkpoint
from astroclf.runs.folder import RunFolder
from astroclf.tasks.build import prepare
from astroclf.tasks.startup import describe_resume, describe_training, run_name

SHORT = ("model.widths=[4,8]", "model.hidden_units=[16]", "evaluation.bootstrap_resamples=0")
CPU = torch.device("cpu")


def test_run_name_has_model_loss_data_and_seed(settings: Any) -> None:
    assert run_name(settings("seed=3"), "0123456789") == (
        "cnn-full-ce-dihedral-simulated-012345-seed3"
    )
    folder = settings("dataset=image_folder", "dataset.root=/images/stamps", "loss=bce")
    assert run_name(folder, "0123456789") == "cnn-full-bce-dihedral-stamps-012345-seed0"


@pytest.mark.parametrize(
    ("trainer", "line"),
    [
        ({"epochs": 2}, "2 of 2 epochs are done; evaluating again. Set trainer.epochs=<more>"),
        ({"epochs": 5}, "resuming in epoch 3 of 5, after step 0"),
        ({"epochs": 5, "max_steps": 6}, "all 6 steps are done; evaluating again"),
    ],
)
def test_the_position_of_a_resumed_run_is_described(
    settings: Any, train_run: Any, trainer: dict[str, Any], line: str
) -> None:
    checkpoint = read_checkpoint(RunFolder(train_run(*SHORT)))
    assert checkpoint.progress.global_step == 6
    overrides = [f"trainer.{key}={value}" for key, value in trainer.items()]
    assert describe_resume(checkpoint, settings(*SHORT, *overrides)).startswith(line)


@pytest.mark.parametrize(
    ("backbone", "words"),
    [("random", "initialized at random"), ("imagenet", "initialized from imagenet weights")],
)
def test_the_startup_summary_names_the_initialization(
    settings: Any, simulated_dataset: ImageDataset, backbone: str, words: str
) -> None:
    training = replace(
        prepare(settings(*SHORT), simulated_dataset, CPU, stored=None), backbone=backbone
    )
    first_line, *_ = describe_training(settings(*SHORT), training).splitlines()
    assert f"cnn, {words}; cpu" in first_line
