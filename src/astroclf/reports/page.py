"""Frame and style of all pages, each a self-contained HTML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


def render_page(
    folder: Path,
    template_name: str,
    *,
    title: str,
    facts: Mapping[str, Any],
    warnings: Sequence[str] = (),
    filters: Mapping[str, Callable[..., str]] | None = None,
    **values: Any,
) -> str:
    """Render a template of `folder` that fills the blocks of `page.html.j2`.

    Every value is escaped; the template marks our own SVG as `safe`.

    facts: name -> value of the subject of the page, shown in order.
    warnings: sentences that no reader may miss.
    filters: name -> function that turns a value into text, beside jinja's own.
    values: what else the template reads.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters or {}, percent=percent)
    template = environment.get_template(template_name)
    return template.render(title=title, facts=facts, warnings=warnings, **values)


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"
