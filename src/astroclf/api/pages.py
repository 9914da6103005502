"""Pages of a run shown in a notebook."""

from __future__ import annotations

import html
from pathlib import Path


def framed_page(page: Path, otherwise: str) -> str:
    """Return the HTML of a notebook cell that shows a page, or a text where there is none."""
    if not page.is_file():
        return f"<pre>{html.escape(otherwise)}</pre>"
    content = html.escape(page.read_text(encoding="utf-8"))
    return f'<iframe srcdoc="{content}" width="100%" height="800" frameborder="0"></iframe>'
