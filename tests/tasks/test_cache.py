from __future__ import annotations

from typing import Any

from astroclf.tasks.cache import Cache


def test_the_factory_is_called_once_for_a_key() -> None:
    cache, made = Cache(), []

    def make() -> object:
        made.append(object())
        return made[-1]

    first = cache.get_or_create("images", ("a", 1), make)
    assert cache.get_or_create("images", ("a", 1), make) is first
    assert len(made) == 1
    assert cache.get_or_create("images", ("a", 2), make) is not first
    assert cache.get_or_create("images", ("a", 1), make) is not first  # only the latest is kept
    assert len(made) == 3


def test_kinds_are_cached_independently() -> None:
    cache = Cache()
    assert cache.get_or_create("images", 1, lambda: "images") == "images"
    assert cache.get_or_create("targets", 1, lambda: "targets") == "targets"
    assert cache.get_or_create("images", 1, lambda: "new") == "images"


def test_the_old_entry_is_freed_before_the_new_one_is_created() -> None:
    import weakref

    class Large:
        pass

    cache = Cache()
    old = weakref.ref(cache.get_or_create("images", 1, Large))

    def make() -> Any:
        assert old() is None
        return Large()

    assert old() is not None
    cache.get_or_create("images", 2, make)


def test_a_failed_factory_is_called_again() -> None:
    cache = Cache()

    def fail() -> str:
        raise MemoryError

    for _ in range(2):
        try:
            cache.get_or_create("images", 1, fail)
        except MemoryError:
            continue
        raise AssertionError
    assert cache.get_or_create("images", 1, lambda: "there") == "there"


def test_none_is_cached() -> None:
    cache, made = Cache(), []
    for _ in range(2):
        assert cache.get_or_create("origin", None, lambda: made.append(1)) is None
    assert made == [1]
