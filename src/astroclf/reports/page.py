"""One HTML file that needs nothing else: the frame and style that all pages share."""

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
    """The page that a template of `folder` makes of `page.html.j2` by filling its blocks.

    Every value is escaped; the template marks our own SVG as `safe`.

    facts: name -> value of what describes the page's subject, shown in order.
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
