"""The folder of a bundle: whole or refused, and readable over its formats."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from astroclf.bundle import read_bundle
from astroclf.data.framing import Framing
from astroclf.errors import UserError
from astroclf.integrity import sign
from astroclf.models.bundle_files import FORMAT

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 8), dtype=np.uint8)


@pytest.fixture
def bundle(tmp_path: Path, write_tiny: Callable[..., Path]) -> Path:
    return write_tiny(tmp_path / "bundle")


def alter(folder: Path, place: str, value: Any, *, signed: bool = True) -> None:
    """Set a value of bundle.json; value ... removes it."""
    file = folder / "bundle.json"
    content = json.loads(file.read_text())
    *parents, key = place.split(".")
    holder = content
    for parent in parents:
        holder = holder[parent]
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    if signed:
        content.pop("checksum")
        content = sign(content)
    file.write_text(json.dumps(content))


def test_a_bundle_has_two_files_and_no_pickle(bundle: Path) -> None:
    assert sorted(file.name for file in bundle.iterdir()) == ["bundle.json", "weights.safetensors"]
    content = json.loads((bundle / "bundle.json").read_text())
    assert content["format"] == FORMAT
    assert {"astroclf", "git_commit", "created"} <= set(content["provenance"])
    assert "backbone.0.0.weight" in load_file(bundle / "weights.safetensors")
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in bundle.iterdir())


def test_a_bundle_is_read_as_it_was_written(bundle: Path) -> None:
    found = read_bundle(bundle)
    assert found.classes == ("galaxy", "star")
    assert found.decision.temperature == 1.5
    assert found.predictor.preprocess.unit == (255.0,) * 3
    assert found.framing == Framing(("red", "green", "blue"), "8-bit", "srgb", None, image_px=8)
    assert (found.depth, found.pixels.pixel_scale_arcsec) == ("8-bit", 0.4)
    assert found.facts["metrics"] == {"val": {"loss": 0.5}}


def test_the_batch_size_changes_no_prediction(bundle: Path) -> None:
    expected = read_bundle(bundle).predict(IMAGES)
    found = read_bundle(bundle, device="cpu", batch_size=2).predict(IMAGES)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_unknown_device_is_refused(bundle: Path) -> None:
    with pytest.raises(UserError, match=r"^device=abacus is not a device"):
        read_bundle(bundle, device="abacus")


@pytest.mark.parametrize("name", ["bundle.json", "weights.safetensors"])
def test_every_altered_byte_is_detected(bundle: Path, name: str) -> None:
    file = bundle / name
    whole = file.read_bytes()
    expected = read_bundle(bundle).predict(IMAGES)
    for position in range(0, len(whole), 41):
        altered = whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
        file.write_bytes(altered)
        try:
            found = read_bundle(bundle).predict(IMAGES)
        except UserError:
            continue
        assert name == "bundle.json"
        assert (
            altered[position : position + 1].isspace() or whole[position : position + 1].isspace()
        )
        np.testing.assert_array_equal(found, expected)


def test_an_incomplete_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    for name, reason in (
        ("bundle.json", "holds no model. Give the folder `bundle` of a run"),
        ("weights.safetensors", r"weights\.safetensors is missing"),
    ):
        with pytest.raises(UserError, match=reason):
            read_bundle(tmp_path / "copy")
        shutil.copy(bundle / name, tmp_path / "copy" / name)
    assert read_bundle(tmp_path / "copy").classes == ("galaxy", "star")
    os.truncate(tmp_path / "copy/weights.safetensors", 1000)
    with pytest.raises(
        UserError, match=r"is not a complete bundle \(weights\.safetensors does not"
    ):
        read_bundle(tmp_path / "copy")


def test_weights_of_another_training_are_detected(
    bundle: Path, tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    other = write_tiny(tmp_path / "other", seed=1)
    shutil.copy(other / "weights.safetensors", bundle / "weights.safetensors")
    with pytest.raises(UserError, match=r"its checksum in bundle\.json"):
        read_bundle(bundle)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("decision.temperature", 3.0),
        ("classes", ["star", "galaxy"]),
        ("preprocess.mean", [0.5, 0.4, 0.4]),
        ("format", 3),
        ("checksum", ...),
    ],
)
def test_an_altered_value_is_detected(bundle: Path, place: str, value: Any) -> None:
    alter(bundle, place, value, signed=False)
    with pytest.raises(UserError, match=r"is not a complete bundle \(bundle\.json: it"):
        read_bundle(bundle)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("tta_views", 3, "tta_views: input should be 1 or 8"),
        ("decision", [], "decision: "),
        ("model.family", "forest", "input tag 'forest' found using 'family'"),
        ("model.widths", "wide", "widths"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(
    bundle: Path, place: str, value: Any, reason: str
) -> None:
    alter(bundle, place, value)
    with pytest.raises(UserError) as refused:
        read_bundle(bundle)
    assert reason in str(refused.value)
    assert "is not a complete bundle" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_network_that_the_weights_do_not_fit_is_refused(bundle: Path) -> None:
    alter(bundle, "model.widths", [3])
    with pytest.raises(UserError, match="the weights are of another network"):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "{}", '{"format": 5}', '{"format": 3}', '{"format": []}', "{"]
)
def test_another_json_is_refused(bundle: Path, content: str) -> None:
    (bundle / "bundle.json").write_text(content)
    with pytest.raises(UserError, match=r"complete bundle|another version"):
        read_bundle(bundle)


def test_other_versions_are_refused(bundle: Path) -> None:
    alter(bundle, "format", FORMAT + 1)
    with pytest.raises(UserError, match=r"a newer version of astroclf .*\. Update astroclf\."):
        read_bundle(bundle)
    alter(bundle, "format", 1)
    with pytest.raises(UserError, match=r"another version of astroclf .*Train the model again"):
        read_bundle(bundle)


def test_an_unreadable_file_is_not_called_damaged(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for method in ("read_text", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, refuse)
            with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)\. Check"):
                read_bundle(bundle)


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import astroclf.models.bundle_files as module
from astroclf.bundle import read_bundle

moment, calls = int(sys.argv[2]), []

def killing(function):
    def call(*arguments):
        calls.append(1)
        if len(calls) == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return call

folder = Path(sys.argv[1])
weights = read_bundle(folder).predictor.network.state_dict()
content = module.read_description(folder)
for name in ("replace_file", "hash_file", "write_json", "replace_folder"):
    setattr(module, name, killing(getattr(module, name)))
shutil.rmtree = killing(shutil.rmtree)
module.write_files(folder, {name: each + 1 for name, each in weights.items()}, content)
"""


@pytest.mark.slow  # imports torch once for each moment
@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5])
def test_a_kill_leaves_the_old_bundle_or_the_new_one(bundle: Path, moment: int) -> None:
    expected = read_bundle(bundle).predict(IMAGES)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(bundle), str(moment)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == -signal.SIGKILL
    is_old = np.array_equal(read_bundle(bundle).predict(IMAGES), expected)
    assert is_old == (moment < 5)


def test_a_new_bundle_replaces_the_old_one_and_leftovers(
    bundle: Path, write_tiny: Callable[..., Path]
) -> None:
    (bundle.parent / ".bundle.draft").mkdir()
    (bundle.parent / ".bundle.draft/weights.safetensors").write_bytes(b"half of")
    (bundle / "notes.txt").write_text("of the user")
    before = read_bundle(bundle).predict(IMAGES)
    write_tiny(bundle, seed=1)
    assert not np.array_equal(read_bundle(bundle).predict(IMAGES), before)
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]
    assert (bundle / "notes.txt").read_text() == "of the user"


def test_a_full_disk_leaves_the_old_bundle_and_no_draft(
    small_disk: Path, write_tiny: Callable[..., Path]
) -> None:
    folder = write_tiny(small_disk / "bundle")
    expected = read_bundle(folder).predict(IMAGES)
    with pytest.raises(OSError, match="No space left on device"):
        (small_disk / "another program").write_bytes(bytes(2 << 20))
    with pytest.raises(OSError, match="No space left on device"):
        write_tiny(folder, seed=1)
    np.testing.assert_array_equal(read_bundle(folder).predict(IMAGES), expected)
    assert {path.name for path in small_disk.iterdir()} == {"bundle", "another program"}


def test_weights_of_the_wrong_type_are_refused(bundle: Path) -> None:
    weights = load_file(bundle / "weights.safetensors")
    save_file({**weights, "extra": torch.zeros(1)}, bundle / "weights.safetensors")
    with pytest.raises(UserError, match="does not match its checksum"):
        read_bundle(bundle)
