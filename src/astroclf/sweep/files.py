"""Files that other processes of the same search may be writing too."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Put the text in place of what stood there in one step; whoever comes last wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(text, encoding="utf-8", newline="")
    draft.replace(path)
