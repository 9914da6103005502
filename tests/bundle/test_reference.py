"""Reference: written and read back, and refused where it is damaged."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import astroclf.bundle.reference as module
from astroclf.bundle import Reference, read_bundle
from astroclf.bundle.reference import read_reference
from astroclf.errors import UserError
from astroclf.evaluation.decisions.activation import SIGMOID
from astroclf.evaluation.decisions.conformal import fit_prediction_sets
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.novelty import Novelty
from astroclf.integrity import hash_file, sign
from astroclf.models.bundle_files import REFERENCE_FILE

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 3, 8, 8), dtype=np.uint8)


def make_reference(*, grouped: bool = True, width: int = 2) -> Reference:
    """30 images, of which 10 are of val; features of the tiny network of `write_tiny`."""
    split = np.repeat(["train", "val", "test"], 10)
    groups = np.array([f"field {i % 4}" for i in range(30)]) if grouped else None
    rows = np.arange(8)
    of_val = None if groups is None else groups[10:20][rows]
    novelty = Novelty.fit(RNG.random((10, width)), RNG.random((8, width)), of_val, seed=0)
    return Reference(
        ids=np.array([f"NGC {i} é" for i in range(30)]),
        split=split,
        picture_hashes=RNG.integers(0, 256, (30, 16), dtype=np.uint8),
        groups=groups,
        sky_deg=RNG.random((30, 2)) if grouped else None,
        neighbor_arcsec=25.6,
        val_logits=RNG.random((10, 2)).astype(np.float32),
        val_targets=np.arange(10) % 2,
        novelty=novelty,
        novelty_rows=rows,
    )


@pytest.fixture
def bundle(tmp_path: Path, write_tiny: Callable[..., Path]) -> Path:
    return write_tiny(tmp_path / "bundle", reference=make_reference())


def replace_content(bundle: Path, content: bytes) -> None:
    """Replace the reference, and its checksum in bundle.json."""
    (bundle / REFERENCE_FILE).write_bytes(content)
    described = json.loads((bundle / "bundle.json").read_text())
    del described["checksum"]
    described["reference_checksum"] = hash_file(bundle / REFERENCE_FILE)
    (bundle / "bundle.json").write_text(json.dumps(sign(described)))


@pytest.mark.parametrize("grouped", [True, False])
def test_a_reference_is_read_as_it_was_written(
    tmp_path: Path, write_tiny: Callable[..., Path], grouped: bool
) -> None:
    written = make_reference(grouped=grouped)
    read = read_bundle(write_tiny(tmp_path / "bundle", reference=written)).reference
    assert read is not None
    for name, value in vars(written).items():
        if name != "novelty":
            np.testing.assert_array_equal(getattr(read, name), value, err_msg=name)
    assert written.novelty is not None
    assert read.novelty is not None
    features = RNG.random((6, 2))
    np.testing.assert_array_equal(
        read.novelty.p_values(features), written.novelty.p_values(features)
    )
    assert read.val_ids.tolist() == written.ids[10:20].tolist()
    assert (read.val_groups is None) == (not grouped)


def test_predictions_have_p_values_and_a_bundle_without_reference_has_none(
    bundle: Path, tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    loaded = read_bundle(bundle)
    found = loaded.prediction(IMAGES)
    assert loaded.reference is not None
    assert loaded.reference.novelty is not None
    assert found.unlike_training is not None
    features = loaded.predictor.logits_and_features(IMAGES)[1]
    assert features is not None
    expected = loaded.reference.novelty.p_values(features.numpy())
    np.testing.assert_array_equal(found.unlike_training, expected)
    np.testing.assert_array_equal(found.probabilities, loaded.predict(IMAGES))
    assert loaded.prediction(IMAGES[:0]).unlike_training is not None
    without = read_bundle(write_tiny(tmp_path / "without"))
    assert without.reference is None
    assert without.prediction(IMAGES).unlike_training is None


def test_a_reference_without_novelty_gives_no_p_values(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    reference = replace(make_reference(), novelty=None, novelty_rows=None)
    loaded = read_bundle(write_tiny(tmp_path / "bundle", reference=reference))
    assert loaded.reference is not None
    assert loaded.prediction(IMAGES).unlike_training is None


def test_loading_a_bundle_does_not_read_the_reference(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []

    def count(folder: Path, checksum: str) -> Reference:
        reads.append(folder)
        return read_reference(folder, checksum)

    monkeypatch.setattr("astroclf.bundle.folder.read_reference", count)
    loaded = read_bundle(bundle)
    loaded.predict(IMAGES)
    assert reads == []
    loaded.prediction(IMAGES)
    loaded.prediction(IMAGES)
    assert reads == [bundle]


@pytest.mark.parametrize("damage", ["truncated", "altered", "of another bundle"])
def test_damage_is_detected(bundle: Path, damage: str, write_tiny: Callable[..., Path]) -> None:
    file = bundle / REFERENCE_FILE
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[:-100])
    elif damage == "altered":
        file.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    else:
        other = write_tiny(bundle.parent / "other", reference=make_reference(grouped=False))
        shutil.copy(other / REFERENCE_FILE, file)
    loaded = read_bundle(bundle)
    loaded.predict(IMAGES)  # needs no reference
    with pytest.raises(UserError) as refused:
        loaded.prediction(IMAGES)
    assert str(refused.value) == (
        f"{bundle} is not a complete bundle (reference.npz: it does not match its checksum in bundle.json). "
        "Copy it again, or train it again."
    )


def test_a_missing_reference_is_refused_at_once(bundle: Path) -> None:
    (bundle / REFERENCE_FILE).unlink()
    with pytest.raises(UserError, match=r"\(reference\.npz is missing\)\. Copy it again"):
        read_bundle(bundle)


def test_objects_are_never_unpickled(bundle: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (bundle / "executed",))  # type: ignore[return-value]

    stream = io.BytesIO()
    np.savez(stream, ids=np.array([Attack()], dtype=object))
    replace_content(bundle, stream.getvalue())
    with pytest.raises(UserError, match="Object arrays cannot be loaded"):
        _ = read_bundle(bundle).reference
    assert not (bundle / "executed").exists()


def test_a_small_file_of_large_arrays_is_refused(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, ids=np.zeros(1 << 20, np.uint8))
    replace_content(bundle, stream.getvalue())
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 19)
    with pytest.raises(UserError, match=r"reference\.npz: it holds more than"):
        _ = read_bundle(bundle).reference


@pytest.mark.parametrize("missing", ["ids", "val_logits", "components", "neighbor_arcsec"])
def test_a_missing_array_is_named(bundle: Path, missing: str) -> None:
    with np.load(bundle / REFERENCE_FILE) as arrays:
        kept = {name: value for name, value in arrays.items() if name != missing}
    stream = io.BytesIO()
    np.savez(stream, **kept)
    replace_content(bundle, stream.getvalue())
    with pytest.raises(UserError, match=rf"reference\.npz: it lacks '{missing}'"):
        _ = read_bundle(bundle).reference


@pytest.mark.parametrize("name", ["split", "picture_hashes", "val_logits", "sky_deg"])
def test_arrays_of_other_images_are_refused(name: str) -> None:
    reference = make_reference()
    with pytest.raises(ValueError, match="it does not have one row an image"):
        replace(reference, **{name: getattr(reference, name)[:-1]})


def test_the_file_is_an_archive_of_plain_arrays(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / REFERENCE_FILE) as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())
    with np.load(bundle / REFERENCE_FILE, allow_pickle=False) as arrays:
        assert {array.dtype.kind for array in arrays.values()} <= set("Uuif")


def test_prediction_sets_of_another_level_are_fitted_to_the_reference(bundle: Path) -> None:
    loaded = read_bundle(bundle)
    assert loaded.prediction(IMAGES).sets is None
    reference = loaded.reference
    assert reference is not None
    sets = loaded.with_prediction_sets(0.6).decision.conformal
    expected = fit_prediction_sets(
        loaded.decision.probabilities(reference.val_logits),
        reference.val_targets,
        reference.val_groups,
        0.6,
    )
    assert sets == expected
    found = loaded.with_prediction_sets(0.6).prediction(IMAGES)
    np.testing.assert_array_equal(found.sets, expected.sets(found.probabilities))


def test_prediction_sets_need_a_reference_and_classes(
    bundle: Path, tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    with pytest.raises(UserError, match=r"^evaluation\.conformal=0\.9: this model has no record"):
        read_bundle(write_tiny(tmp_path / "without")).with_prediction_sets(0.9)
    votes = replace(read_bundle(bundle), decision=Decision(SIGMOID))
    with pytest.raises(UserError, match="prediction sets are for classes, but this model predicts"):
        votes.with_prediction_sets(0.9)
