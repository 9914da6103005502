"""In-process cache with one entry per kind, shared by the trials of a search."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Cache:
    """Cache of images, features and the like, with the latest entry of each kind."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Hashable, Any]] = {}

    def get_or_create(self, kind: str, key: Hashable, factory: Callable[[], T]) -> T:
        """Return the entry of that kind if it was made for this key; else make it now.

        key: changes with everything that the entry depends on. The old entry is released before a
        new one is made, so that the device never holds both.
        """
        if kind not in self._entries or self._entries[kind][0] != key:
            self._entries.pop(kind, None)
            self._entries[kind] = (key, factory())
        entry: T = self._entries[kind][1]
        return entry
