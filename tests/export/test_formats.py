"""Each format: written and read again with its description, for every family of networks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from astroclf.errors import UserError
from astroclf.export.export import export_bundle
from astroclf.export.formats import FORMATS, METADATA, trace
from astroclf.export.module import build_module
from fixtures.bundles import make_bundle, make_images

FAMILIES = {
    "cnn": 32,
    "galaxy_cnn": 32,
    "convnext": 32,
    "efficientnet_lite": 32,
    "mobilenet": 32,
    "mobilenetv3": 32,
    "resnet34": 32,
    "vit": 32,
}
SLOW = set(FAMILIES) - {"cnn", "galaxy_cnn"}


@pytest.mark.parametrize(
    "family",
    [pytest.param(each, marks=[pytest.mark.slow] if each in SLOW else []) for each in FAMILIES],
)
def test_every_family_is_exported_to_both_formats(family: str, tmp_path: Path) -> None:
    overrides = [f"model={family}"] + (["model.widths=[4,8,8,8]"] if family == "galaxy_cnn" else [])
    bundle = make_bundle(*overrides, image_px=FAMILIES[family], eight_bits=True)
    exported = export_bundle(bundle, tmp_path, ["onnx", "torch_export"])
    images = make_images(bundle, 3)
    expected = bundle.prediction(images)
    for name, file in exported.files.items():
        assert file.check.largest_difference <= 1e-4
        predict = FORMATS[name].load(file.path, threads=1)
        for n in (1, 3):
            probabilities, labels = predict(images[:n])
            np.testing.assert_allclose(probabilities, expected.probabilities[:n], atol=1e-4)
            np.testing.assert_array_equal(labels, expected.labels[:n])


def test_the_list_of_families_is_complete(tmp_path: Path) -> None:
    conf = Path(__file__).parents[2] / "conf/model"
    assert {file.stem for file in conf.glob("*.yaml")} == set(FAMILIES) | {
        "custom",
        "timm",
        "zoobot",
    }


@pytest.mark.parametrize("name", FORMATS)
def test_the_file_holds_its_description(name: str, tmp_path: Path) -> None:
    bundle, writer = make_bundle(), FORMATS[name]
    file = tmp_path / writer.file_name
    program = trace(build_module(bundle), torch.zeros(2, 3, 32, 32))
    writer.write(program, file, {"classes": ["a", "é"]})
    if name == "onnx":
        import onnx

        stored = {each.key: each.value for each in onnx.load(file).metadata_props}
    else:
        stored = {METADATA: ""}
        torch.export.load(file, extra_files=stored)
    assert json.loads(stored[METADATA]) == {"classes": ["a", "é"]}
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_onnx_stores_the_names_and_the_free_batch(tmp_path: Path) -> None:
    import onnx

    bundle = make_bundle()
    export_bundle(bundle, tmp_path, ["onnx"])
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert [each.name for each in graph.input] == ["images"]
    assert [each.name for each in graph.output] == ["probabilities", "label"]
    first, *others = graph.input[0].type.tensor_type.shape.dim
    assert first.dim_param
    assert [each.dim_value for each in others] == [3, 32, 32]


def test_a_network_that_cannot_be_traced_is_refused_in_one_sentence() -> None:
    class Branches(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images if images.sum() > 0 else -images

    with pytest.raises(UserError, match=r"^The network cannot be exported: torch.export refuses"):
        trace(Branches(), torch.zeros(2, 3, 8, 8))


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r'onnxscript is not installed. .*"astroclf\[onnx\]"'):
        FORMATS["onnx"].require_installed()
