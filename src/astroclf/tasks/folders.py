"""Folders as a user reads and types them."""

from __future__ import annotations

from pathlib import Path


def shortest(folder: Path) -> Path:
    """The folder as one would type it from here."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
