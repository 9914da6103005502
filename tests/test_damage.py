"""Thousands of damaged files: each is refused in one line, made again, or changes no number."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from astroclf.bundle import read_bundle
from astroclf.data.store import Notes, cached_images, new_images
from astroclf.errors import UserError
from astroclf.inference.feature_cache import N_VIEWS, FeatureStore
from astroclf.integrity import sign
from astroclf.models.weight_files import read_state
from astroclf.runs.checkpoint import read_checkpoint
from astroclf.runs.folder import RunFolder
from fixtures.checkpoints import read_content, write_content

pytestmark = pytest.mark.slow

TINY = (
    "dataset.n_images=48",
    "dataset.image_px=8",
    "model.widths=[2]",
    "model.hidden_units=[4]",
    "trainer.epochs=1",
    "trainer.batch_size=16",
    "trainer.ema_decay=0.9",
    "evaluation.bootstrap_resamples=0",
)
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 3.5, 1e308, float("nan"), "", "x", [], [1], {}, {"a": 1}, [None, "x"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of flushes would take minutes on a slow disk."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="module")
def run(train_run: Callable[..., Path]) -> Path:
    return train_run(*TINY)


def altered_bytes(content: bytes, count: int) -> Iterator[bytes]:
    """Yield copies with flipped bits, zeroed, repeated or exchanged blocks, cuts and insertions."""
    rng = np.random.default_rng(0)
    size = len(content)
    for number in range(count):
        start = int(rng.integers(size))
        end = min(size, start + int(rng.choice([1, 8, 64, 512, 4096])))
        other = int(rng.integers(size))
        block = content[start:end]
        yield [
            content[:start] + bytes([content[start] ^ (1 << number % 8)]) + content[start + 1 :],
            content[:start] + bytes(len(block)) + content[end:],
            content[:start],
            content[:start] + block + content[start:],
            content[:start] + rng.bytes(len(block)) + content[end:],
            content[:other] + block + content[other + len(block) :],
            content[:start] + content[end:],
        ][number % 7]


def altered_values(content: Any, count: int) -> Iterator[Any]:
    """Yield copies of nested dicts and lists in which a value is strange, missing or another's."""
    rng = np.random.default_rng(1)
    places = list(places_of(content))
    for _ in range(count):
        copy = copied(content)
        (*parents, key), (*others, another) = (places[i] for i in rng.integers(len(places), size=2))
        holder = inside(copy, parents)
        kind = rng.integers(3)
        if kind == 0:
            holder[key] = STRANGE[rng.integers(len(STRANGE))]
        elif kind == 1:
            del holder[key]
        else:
            holder[key] = copied(inside(content, others)[another])
        yield copy


def copied(content: Any) -> Any:
    """Return the same dicts and lists with the same tensors."""
    if isinstance(content, dict):
        return {key: copied(value) for key, value in content.items()}
    return [copied(value) for value in content] if isinstance(content, list | tuple) else content


def places_of(content: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in pairs:
        yield (*above, key)
        if isinstance(value, dict | list | tuple):
            yield from places_of(value, (*above, key))


def inside(content: Any, keys: Any) -> Any:
    for key in keys:
        content = content[key]
    return content


def is_refused(action: Callable[[], Any]) -> bool:
    """Return whether the action raises a UserError, which must be of one line."""
    try:
        action()
    except UserError as error:
        message = str(error)
    else:
        return False
    assert "\n" not in message
    assert len(message) < 1000
    return True


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other or one != one)


def test_every_altered_checkpoint_is_refused_or_the_same(run: Path, tmp_path: Path) -> None:
    path, expected = RunFolder(run).checkpoint, read_checkpoint(RunFolder(run)).model_dump()
    own = RunFolder(tmp_path).checkpoint
    own.parent.mkdir()
    refused = 0
    for content in altered_bytes(path.read_bytes(), 2000):
        own.write_bytes(content)
        if is_refused(lambda: read_checkpoint(RunFolder(tmp_path))):
            refused += 1
        else:
            assert same(read_checkpoint(RunFolder(tmp_path)).model_dump(), expected)
    assert refused > 1900


def test_no_altered_value_of_a_checkpoint_ends_in_a_traceback(run: Path, tmp_path: Path) -> None:
    """The checksum is right here, as if a later version had written it."""
    content = read_content(run)
    refused = 0
    for altered in altered_values(content, 2000):
        write_content(tmp_path, altered)
        refused += is_refused(lambda: read_checkpoint(RunFolder(tmp_path)))
    assert refused > 200


@pytest.mark.parametrize("name", ["weights.safetensors", "bundle.json"])
def test_every_altered_bundle_is_refused_or_predicts_the_same(
    run: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(run / "bundle", tmp_path / "bundle")
    images = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    expected = read_bundle(tmp_path / "bundle").predict(images)
    file = tmp_path / "bundle" / name
    refused = 0
    for content in altered_bytes(file.read_bytes(), 2000):
        file.write_bytes(content)
        if is_refused(lambda: read_bundle(tmp_path / "bundle")):
            refused += 1
        else:
            found = read_bundle(tmp_path / "bundle").predict(images)
            np.testing.assert_array_equal(found, expected)
    assert refused > 1800


@pytest.mark.parametrize("signed", [False, True])
def test_every_altered_value_of_a_bundle_is_refused(
    run: Path, tmp_path: Path, signed: bool
) -> None:
    """signed: the checksum is right, as if a later version had written it."""
    shutil.copytree(run / "bundle", tmp_path / "bundle")
    file = tmp_path / "bundle/bundle.json"
    whole = json.loads(file.read_text())
    content = {key: value for key, value in whole.items() if key not in ("checksum", "facts")}
    for altered in altered_values(content, 1000):
        stored = {**altered, "facts": whole["facts"]}
        is_same = sign(stored)["checksum"] == whole["checksum"]
        checksum = {} if signed else {"checksum": whole["checksum"]}
        file.write_text(json.dumps(sign(stored) if signed else {**stored, **checksum}))
        refused = is_refused(lambda: read_bundle(tmp_path / "bundle"))
        assert signed or refused != is_same


def test_altered_weights_of_pytorch_are_refused_or_the_same(run: Path, tmp_path: Path) -> None:
    state = read_content(run)["best"]
    torch.save(state, tmp_path / "weights.pt")
    for content in altered_bytes((tmp_path / "weights.pt").read_bytes(), 500):
        (tmp_path / "altered.pt").write_bytes(content)
        if not is_refused(lambda: read_state(tmp_path / "altered.pt")):
            assert same(read_state(tmp_path / "altered.pt"), state)


@pytest.mark.parametrize("name", ["images.npy", "index.json"])
def test_every_altered_cache_entry_is_rebuilt_or_the_same(tmp_path: Path, name: str) -> None:
    expected = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
    notes = {"labels": list(range(40)), "bands": ["g", "r", "i"]}
    built: list[int] = []

    def build(draft: Path) -> Notes:
        built.append(1)
        new_images(draft, expected.shape, expected.dtype)[:] = expected
        return notes

    cached_images(tmp_path, "key", build)
    file = tmp_path / "key" / name
    for content in altered_bytes(file.read_bytes(), 500):
        file.write_bytes(content)
        stored = cached_images(tmp_path, "key", build)
        np.testing.assert_array_equal(stored.images, expected)
        assert stored.notes == notes
        del stored
    assert len(built) > 450


@pytest.mark.parametrize("name", ["features.f32", "checksums.npy"])
def test_every_altered_feature_is_computed_again_or_the_same(tmp_path: Path, name: str) -> None:
    n = 20
    expected = np.random.default_rng(0).normal(size=(N_VIEWS, n, 6)).astype(np.float32)
    wanted = np.ones((N_VIEWS, n), bool)

    def compute(view: int, positions: np.ndarray) -> Iterator[np.ndarray]:
        yield expected[view, positions]

    store = FeatureStore(tmp_path, "key", n)
    store.fill(wanted, compute)
    file = store.folder / name
    for content in altered_bytes(file.read_bytes(), 500):
        file.write_bytes(content)
        store.fill(wanted, compute)
        np.testing.assert_array_equal(store.read(), expected)
