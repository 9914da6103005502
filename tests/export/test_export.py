from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from astroclf.bundle import Bundle, join
from astroclf.errors import UserError
from astroclf.evaluation.decisions.tree_activation import QuestionConcentrations, QuestionSoftmax
from astroclf.export.export import export_bundle
from astroclf.export.formats import FORMATS, TorchExport
from fixtures.bundles import TREE, make_bundle, make_images
from fixtures.trees import assert_obeys


def test_the_sidecar_states_the_files_and_their_check(tmp_path: Path) -> None:
    exported = export_bundle(make_bundle(tta_views=8), tmp_path / "new", ["torch_export"])
    content = json.loads(exported.description.read_text())
    stored = content["files"]["torch_export"]
    file = tmp_path / "new" / stored["file"]
    assert stored["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stored["check"]["images"] == 8
    assert stored["check"]["largest_difference"] <= 1e-4
    assert list(content["images_per_s"]) == ["PyTorch", "torch.export"]
    assert all(speed > 0 for speed in content["images_per_s"].values())


def test_the_usage_that_is_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    bundle = make_bundle()
    exported = export_bundle(bundle, tmp_path, ["onnx", "torch_export"])
    images = np.random.default_rng(0).normal(0, 3, (2, 3, 32, 32)).astype(np.float32)
    monkeypatch.chdir(tmp_path)
    for name, file in exported.files.items():
        given = images if name == "onnx" else torch.from_numpy(images)
        names = {"images": given}
        exec(file.usage, names)
        found = np.asarray(torch.as_tensor(names["probabilities"]).detach())
        np.testing.assert_allclose(found, bundle.predict(images), atol=1e-4)


def test_a_file_that_does_not_equal_the_bundle_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(self: TorchExport, file: Path, threads: int) -> object:
        return lambda images: (np.zeros((len(images), 3), np.float32), np.zeros(len(images), int))

    monkeypatch.setattr(TorchExport, "load", wrong)
    with pytest.raises(UserError, match=r"^export.format=torch_export: .* differs by"):
        export_bundle(make_bundle(), tmp_path, ["torch_export"])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^export.format=tflite: unknown. Give one of onnx, torch"):
        export_bundle(make_bundle(), tmp_path, ["tflite"])


def test_an_ensemble_is_exported_like_one_model(tmp_path: Path) -> None:
    members = [make_bundle(tta_views=8), make_bundle("model=galaxy_cnn", "model.widths=[4,4,8,8]")]
    ensemble = join(members, ["a", "b"])
    exported = export_bundle(ensemble, tmp_path, ["onnx", "torch_export"])
    images = make_images(ensemble, 3)
    expected = ensemble.prediction(images)
    for name, file in exported.files.items():
        probabilities, labels = FORMATS[name].load(file.path, threads=1)(images)
        np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-4)
        np.testing.assert_array_equal(labels, expected.labels)


def tree_bundles() -> dict[str, Bundle]:
    """Models whose fractions obey a decision tree, and their ensemble."""
    soft, concentrated = (
        make_bundle(decision={"activation": activation.to_json(), "temperature": 1.3})
        for activation in (QuestionSoftmax(TREE), QuestionConcentrations(TREE, 100.0))
    )
    return {"soft": soft, "concentrated": concentrated, "both": join([soft, concentrated], "ab")}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["concentrated", "both"])
def test_exported_fractions_obey_the_tree_of_the_bundle(tmp_path: Path, name: str) -> None:
    bundle = tree_bundles()[name]
    exported = export_bundle(bundle, tmp_path, ["onnx", "torch_export"])
    images = make_images(bundle, 5)
    expected = bundle.prediction(images)
    for format_name, file in exported.files.items():
        fractions, answers = FORMATS[format_name].load(file.path, threads=1)(images)
        np.testing.assert_allclose(fractions, expected.probabilities, atol=1e-5)
        assert_obeys(fractions, TREE, atol=1e-5)
        np.testing.assert_array_equal(answers, expected.labels)
    stored = json.loads(exported.description.read_text())["decision"]["activation"]
    assert stored["tree"] == TREE.to_dict()
