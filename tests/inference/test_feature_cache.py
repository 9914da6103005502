"""Feature cache: each (view, image) is computed once across runs and processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astroclf.data import store as images_store
from astroclf.errors import UserError
from astroclf.inference import feature_cache as module
from astroclf.inference.feature_cache import CHECKSUMS, FEATURES, N_VIEWS, FeatureStore

N, WIDTH = 11, 3


class Network:
    """Compute (view, position, 1) for every image, in pieces of four, and count the calls."""

    def __init__(self) -> None:
        self.computed = np.zeros((N_VIEWS, N), dtype=int)

    def __call__(self, view: int, positions: np.ndarray) -> Iterator[np.ndarray]:
        for start in range(0, len(positions), 4):
            piece = positions[start : start + 4]
            self.computed[view, piece] += 1
            yield np.stack([np.full(len(piece), view), piece, np.ones(len(piece))], axis=1).astype(
                np.float32
            )


def every(views: int = N_VIEWS) -> np.ndarray:
    wanted = np.zeros((N_VIEWS, N), dtype=bool)
    wanted[:views] = True
    return wanted


def assert_right(store: FeatureStore, wanted: np.ndarray) -> None:
    view, position = np.nonzero(wanted)
    expected = np.stack([view, position, np.ones(len(view))], axis=1)
    np.testing.assert_array_equal(store.read()[wanted], expected)


wishes = st.lists(
    st.lists(st.booleans(), min_size=N_VIEWS * N, max_size=N_VIEWS * N).map(
        lambda bits: np.array(bits).reshape(N_VIEWS, N)
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(wishes=wishes)
def test_each_feature_is_computed_once_and_correct(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[np.ndarray]
) -> None:
    cache, network = tmp_path_factory.mktemp("cache"), Network()
    for wanted in wishes:
        store = FeatureStore(cache, "key", N)
        store.fill(wanted, network)
        assert not store.missing(wanted).any()
        if wanted.any():
            assert_right(store, wanted)
    union = np.logical_or.reduce(wishes)
    np.testing.assert_array_equal(network.computed, union.astype(int))
    assert FeatureStore(cache, "key", N).missing(every()).sum() == (~union).sum()


@pytest.mark.parametrize(
    "damage", ["features cut", "features gone", "checksums cut", "other images"]
)
def test_an_incomplete_store_is_recreated(tmp_path: Path, damage: str) -> None:
    store, network = FeatureStore(tmp_path, "key", N), Network()
    store.fill(every(2), network)
    file = store.folder / (CHECKSUMS if damage == "checksums cut" else FEATURES)
    if damage == "features gone":
        file.unlink()
    elif damage == "other images":
        file.write_bytes(bytes(N_VIEWS * (N - 1) * WIDTH * 4))
    else:
        file.write_bytes(file.read_bytes()[:100])
    store.fill(every(3), network)
    assert_right(store, every(3))
    assert network.computed[0].tolist() == [2] * N


def test_only_damaged_rows_are_recomputed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, network = FeatureStore(tmp_path, "key", N), Network()
    store.fill(every(2), network)
    content = bytearray((store.folder / FEATURES).read_bytes())
    content[WIDTH * 4 * 3 + 5] ^= 0x10  # view 0 of image 3
    content[WIDTH * 4 * (N + 1) : WIDTH * 4 * (N + 3)] = bytes(WIDTH * 8)  # view 1 of images 1, 2
    (store.folder / FEATURES).write_bytes(content)
    assert np.argwhere(store.missing(every(3))[:2]).tolist() == [[0, 3], [1, 1], [1, 2]]
    store.fill(every(2), network)
    assert_right(store, every(2))
    assert "3 cached features" in caplog.text
    again = np.argwhere(network.computed == 2).tolist()
    assert again == [[0, 3], [1, 1], [1, 2]]


def test_a_sample_of_a_large_store_is_checked_and_all_of_it_after_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKED_BYTES", 2 * WIDTH * 4)  # the first and the last row
    store = FeatureStore(tmp_path, "key", N)
    store.fill(every(1), Network())
    content = bytearray((store.folder / FEATURES).read_bytes())
    content[WIDTH * 4 * 5] ^= 0x10
    (store.folder / FEATURES).write_bytes(content)
    assert not store.missing(every(1)).any()
    content[0] ^= 0x10
    (store.folder / FEATURES).write_bytes(content)
    assert np.argwhere(store.missing(every(1))).tolist() == [[0, 0], [0, 5]]


def test_an_unreadable_store_is_refused_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FeatureStore(tmp_path, "key", N)
    store.fill(every(1), Network())

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_trailer", refuse)
        with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)"):
            store.fill(every(2), Network())
    assert not store.missing(every(1)).any()


def test_features_of_another_width_are_replaced(tmp_path: Path) -> None:
    """Damage of the size may look like a store of another width."""
    store = FeatureStore(tmp_path, "key", N)
    store.fill(every(1), Network())
    (store.folder / FEATURES).write_bytes(bytes(N_VIEWS * N * 4))
    store.fill(every(1), Network())
    assert_right(store, every(1))


def test_concurrent_fills_compute_each_feature_once(tmp_path: Path) -> None:
    network, together = Network(), Barrier(2)

    def fill() -> None:
        together.wait()
        FeatureStore(tmp_path, "key", N).fill(every(), network)

    threads = [Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (network.computed == 1).all()
    assert_right(FeatureStore(tmp_path, "key", N), every())


def test_features_are_read_only_and_0_if_missing(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, "key", N)
    store.fill(every(1), Network())
    features = store.read()
    assert (features.shape, features.dtype) == ((N_VIEWS, N, WIDTH), np.float32)
    assert not features.flags.writeable
    assert not features[1:].any()


def test_a_full_or_forbidden_cache_is_a_user_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="cannot be written"):
        FeatureStore(tmp_path / "file/cache", "key", N).fill(every(), Network())
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(images_store.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(UserError, match=r"1\.06 kB are needed and 10 bytes are free"):
        FeatureStore(tmp_path, "key", N).fill(every(), Network())


def test_rows_of_a_deleted_store_are_not_marked_in_its_replacement(
    tmp_path: Path,
) -> None:
    """The cache may be deleted at any time, and another process may begin it anew."""
    others = every(1)
    others[0, :4] = False
    mine = every(1) & ~others

    def compute_and_lose_the_cache(view: int, positions: np.ndarray) -> Iterator[np.ndarray]:
        yield from Network()(view, positions)
        shutil.rmtree(tmp_path / "features-key")
        FeatureStore(tmp_path / "elsewhere", "key", N).fill(others, Network())
        (tmp_path / "elsewhere/features-key").rename(tmp_path / "features-key")

    store = FeatureStore(tmp_path, "key", N)
    with pytest.raises(UserError, match="features-key was deleted while it was written"):
        store.fill(mine, compute_and_lose_the_cache)
    assert (store.missing(every(1)) == mine).all()
    store.fill(mine, Network())
    assert_right(store, every(1))


def test_required_space_is_that_of_the_missing_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    required: list[int] = []
    monkeypatch.setattr(module, "require_room", lambda folder, size: required.append(size))
    FeatureStore(tmp_path, "key", N).fill(every(3), Network())
    assert required == [views * N * WIDTH * 4 for views in (3, 2, 1)]
