"""Training on cached features equals training on images; frozen weights are never stored."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from astroclf.bundle import read_bundle
from astroclf.data.preprocess import Preprocess
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError
from astroclf.models import build_model
from astroclf.runs.checkpoint import read_checkpoint
from astroclf.runs.folder import RunFolder

TINY = (
    "dataset.n_images=64",
    "dataset.image_px=16",
    "model.widths=[4,8]",
    "model.hidden_units=[8]",
    "evaluation.bootstrap_resamples=0",
    "trainer.batch_size=8",
    "trainer.epochs=4",
    "optimizer.lr=0.01",
)
FROZEN = (*TINY, "finetune=classifier")
LORA = (*TINY, "finetune=lora", "finetune.rank=2", "finetune.dropout=0.2", "model.dropout=0.3")


def read_table(file: Path) -> list[dict[str, str]]:
    """Rows without the times, which no two runs share."""
    with file.open(newline="") as stream:
        return [
            {name: value for name, value in row.items() if not name.endswith("_s")}
            for row in csv.DictReader(stream)
        ]


def numbers(file: Path) -> np.ndarray:
    rows = [list(row.values()) for row in read_table(file)]
    if file.name == "predictions.csv":
        rows = [row[4:] for row in rows]
    return np.array(rows, dtype=np.float64)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("augment", ["none", "flips", "dihedral"])
def test_results_are_the_same_with_and_without_the_cache(
    train_run: Callable[..., Path],
    computed: list[int],
    augment: str,
    dropout: float,
    tmp_path: Path,
) -> None:
    overrides = (
        *FROZEN,
        f"augment={augment}",
        f"model.dropout={dropout}",
        f"dataset.cache={tmp_path}",
    )
    cached = train_run(*overrides)
    views = {"none": 1, "flips": 4, "dihedral": 8}[augment]
    predicted = read_table(cached / "predictions.csv")
    n_train = sum(row["split"] == "train" for row in predicted)
    assert sum(computed) == views * n_train + len(predicted) - n_train
    computed.clear()
    plain = train_run(*overrides, "finetune.cache_features=false")
    assert computed == []
    for name in ("history.csv", "predictions.csv"):
        found, expected = numbers(cached / name), numbers(plain / name)
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)
    history = read_table(cached / "history.csv")
    assert len({row["train_loss"] for row in history}) == len(history) == 4, "it learns"
    best, wanted = (load_file(run / "bundle/weights.safetensors") for run in (cached, plain))
    assert best.keys() == wanted.keys()
    for name in best:
        if name.startswith("backbone."):
            assert torch.equal(best[name], wanted[name]), name


def test_a_second_run_with_another_head_computes_nothing(
    train_run: Callable[..., Path], computed: list[int], tmp_path: Path
) -> None:
    overrides = (*FROZEN, f"dataset.cache={tmp_path}")
    train_run(*overrides)
    assert computed
    computed.clear()
    train_run(
        *overrides,
        "model.hidden_units=[5,4]",
        "model.dropout=0.1",
        "optimizer.lr=0.1",
        "loss=focal",
        "trainer.epochs=1",
    )
    assert computed == []


def test_a_bundle_with_stage_features_predicts_as_the_evaluation(
    train_run: Callable[..., Path], computed: list[int], settings: Any
) -> None:
    chosen = ("model=timm", "model.name=test_resnet", "model.pretrained=false")
    overrides = (*chosen, "model.features=stages", "dataset.n_images=64", "trainer.epochs=2")
    folder = train_run(*overrides, "finetune=classifier", "dataset.image_px=32")
    assert computed
    images = load_dataset(settings("dataset.n_images=64", "dataset.image_px=32").dataset)
    bundle = read_bundle(folder / "bundle")
    predicted = dict(zip(images.ids, bundle.predict(images.images), strict=True))
    for row in read_table(folder / "predictions.csv"):
        expected = [float(row[f"p_{name}"]) for name in bundle.classes]
        np.testing.assert_allclose(predicted[row["id"]], expected, atol=1e-5)


def test_folds_share_the_features_of_their_images(
    train_run: Callable[..., Path],
    computed: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With ImageNet weights the normalization is theirs, and so the same in every fold."""
    alike = Preprocess("linear", unit=(1.0,) * 3, mean=(0.0,) * 3, std=(1.0,) * 3)
    monkeypatch.setattr("astroclf.tasks.initial_model.fit_preprocess", lambda dataset, flux: alike)
    overrides = (*FROZEN, f"dataset.cache={tmp_path}", "augment=flips", "dataset.test_fraction=0")
    folder = train_run(*overrides, "task=crossval", "folds=3")
    assert sum(computed) == 4 * 64, "each view of each image once"
    assert len(read_table(folder / "predictions.csv")) == 64


@pytest.mark.parametrize("other", ["seed=1", "dataset.seed=1", "dataset.split_seed=1"])
def test_features_of_other_weights_or_images_are_never_used(
    train_run: Callable[..., Path], computed: list[int], tmp_path: Path, other: str
) -> None:
    overrides = (*FROZEN, f"dataset.cache={tmp_path}", "trainer.epochs=1")
    train_run(*overrides)
    first = sum(computed)
    computed.clear()
    used = train_run(*overrides, other)
    assert sum(computed) == first
    fresh = train_run(*overrides, other, f"dataset.cache={tmp_path / 'empty'}")
    assert (used / "predictions.csv").read_bytes() == (fresh / "predictions.csv").read_bytes()


def test_augmentation_without_exact_views_is_not_cached_with_a_warning(
    train_run: Callable[..., Path],
    computed: list[int],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "astroclf"):
        train_run(*FROZEN, "augment=sky", f"dataset.cache={tmp_path}", "trainer.epochs=1")
    warning = "augment=sky draws from endless views, so the frozen backbone runs for every image"
    assert caplog.text.count(warning) == 1
    assert computed == []
    assert not list(tmp_path.glob("features-*"))


def test_a_frozen_random_backbone_warns(
    train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    for overrides in ((*FROZEN, "trainer.epochs=1"), (*LORA, "trainer.epochs=1")):
        caplog.clear()
        train_run(*overrides)
        assert "freezes weights of the backbone, which starts from RANDOM weights" in caplog.text


def test_a_checkpoint_of_lora_holds_adapters_and_head_alone(
    train_run: Callable[..., Path],
) -> None:
    folder = train_run(*LORA, "trainer.epochs=1")
    stored = read_checkpoint(RunFolder(folder))
    for weights in (stored.learner.network, stored.best):
        names = set(weights)
        head = {name for name in names if name.startswith("head.")}
        adapters = {name for name in names if name.endswith((".lora_A.weight", ".lora_B.weight"))}
        assert head | adapters == names
        assert len(head) == 4
        assert len(adapters) == 2 * 3, "four convolutions, of which the first is left"
    state = stored.learner.optimizer["state"]
    assert len(state) == len(stored.learner.network)
    assert not any(".lora_" in name for name in load_file(folder / "bundle/weights.safetensors"))


def test_a_checkpoint_of_a_head_holds_the_head_alone(train_run: Callable[..., Path]) -> None:
    for cached in ("true", "false"):
        folder = train_run(*FROZEN, f"finetune.cache_features={cached}", "trainer.epochs=1")
        stored = read_checkpoint(RunFolder(folder))
        assert len(stored.learner.network) == 4
        assert len(stored.learner.optimizer["state"]) == 4
        assert RunFolder(folder).checkpoint.stat().st_size < 100_000


@pytest.mark.parametrize("strategy", ["classifier", "lora"])
def test_other_frozen_weights_are_refused(
    stopped_run: Any,
    settings: Any,
    tmp_path: Path,
    strategy: str,
) -> None:
    file = tmp_path / "backbone.pt"
    overrides = (*TINY, f"finetune={strategy}", f"model.weights={file}")
    model = settings(*TINY).model

    def write_weights(seed: int) -> None:
        torch.manual_seed(seed)
        built = build_model(model, channels=3, outputs=2, image_px=16)
        torch.save(built.classifier.backbone.state_dict(), file)

    if strategy == "lora":
        overrides = (*overrides, "finetune.rank=2")
    write_weights(0)
    stopped = stopped_run(*overrides)
    stopped.stop_at(3)
    write_weights(1)
    with pytest.raises(UserError, match="frozen weights that this run began with could not be had"):
        stopped.resume()
    write_weights(0)
    stopped.resume()
    assert (stopped.folder / "predictions.csv").exists()


def test_fewer_views_reuse_the_cached_features(
    train_run: Callable[..., Path], computed: list[int], tmp_path: Path
) -> None:
    """A search over augmentations computes the largest set of views, and no other."""
    apart = (*FROZEN, f"dataset.cache={tmp_path}", "trainer.epochs=1")
    flips = train_run(*apart, "augment=flips")
    assert computed
    train_run(*apart, "augment=dihedral")
    computed.clear()
    again = train_run(*apart, "augment=flips")
    assert computed == []
    np.testing.assert_allclose(
        numbers(again / "predictions.csv"), numbers(flips / "predictions.csv"), atol=1e-6
    )
