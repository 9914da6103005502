"""What the runs of one process need not make twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Thing = TypeVar("Thing")


class Memory:
    """The latest thing of each kind: the trials of a search share their images and features.

    A single run gets a memory of its own, which starts empty and ends with it.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def recall(self, kind: str, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """What was made last of that kind, if it was made for this key; else made now.

        key: changes with everything that the thing depends on. The old one is let go before a new
        one is made, so that the device need not hold both.
        """
        if kind not in self._kept or self._kept[kind][0] != key:
            self._kept.pop(kind, None)
            self._kept[kind] = (key, make())
        thing: Thing = self._kept[kind][1]
        return thing
