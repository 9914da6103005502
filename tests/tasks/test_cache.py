from __future__ import annotations

from typing import Any

from astroclf.tasks.cache import Memory


def test_a_thing_is_made_once_for_a_key() -> None:
    memory, made = Memory(), []

    def make() -> object:
        made.append(object())
        return made[-1]

    first = memory.recall("images", ("a", 1), make)
    assert memory.recall("images", ("a", 1), make) is first
    assert len(made) == 1
    assert memory.recall("images", ("a", 2), make) is not first
    assert memory.recall("images", ("a", 1), make) is not first  # only the latest is kept
    assert len(made) == 3


def test_kinds_do_not_know_each_other() -> None:
    memory = Memory()
    assert memory.recall("images", 1, lambda: "images") == "images"
    assert memory.recall("targets", 1, lambda: "targets") == "targets"
    assert memory.recall("images", 1, lambda: "new") == "images"


def test_the_old_one_is_let_go_before_the_new_one_is_made() -> None:
    import weakref

    class Large:
        pass

    memory = Memory()
    old = weakref.ref(memory.recall("images", 1, Large))

    def make() -> Any:
        assert old() is None
        return Large()

    assert old() is not None
    memory.recall("images", 2, make)


def test_what_could_not_be_made_is_tried_again() -> None:
    memory = Memory()

    def fail() -> str:
        raise MemoryError

    for _ in range(2):
        try:
            memory.recall("images", 1, fail)
        except MemoryError:
            continue
        raise AssertionError
    assert memory.recall("images", 1, lambda: "there") == "there"


def test_none_is_a_thing() -> None:
    memory, made = Memory(), []
    for _ in range(2):
        assert memory.recall("origin", None, lambda: made.append(1)) is None
    assert made == [1]
