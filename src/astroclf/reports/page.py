"""Frame and style of all pages, each a self-contained HTML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from astroclf.reports.canvas import draw
from astroclf.reports.figures import Figures


def render_page(
    folder: Path,
    template_name: str,
    *,
    title: str,
    facts: Mapping[str, Any],
    warnings: Sequence[str] = (),
    filters: Mapping[str, Callable[..., str]] | None = None,
    figures: Figures | None = None,
    refresh_s: int | None = None,
    **values: Any,
) -> str:
    """Render a template of `folder` that fills the blocks of `page.html.j2`.

    Every value is escaped but charts: `{{ roc | chart }}`, nothing for None.

    facts: name -> value of the subject of the page, shown in order.
    warnings: sentences that no reader may miss.
    filters: name -> function that turns a value into text, beside jinja's own.
    figures: where each chart is saved too; None for a page that alone has them.
    refresh_s: time after which a browser reloads the page; None for never.
    values: what else the template reads.
    """
    import jinja2
    from markupsafe import Markup

    show = draw if figures is None else figures.save
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters or {}, percent=percent)
    environment.filters["chart"] = lambda chart: Markup(show(chart) if chart else "")
    template = environment.get_template(template_name)
    return template.render(
        title=title, facts=facts, warnings=warnings, refresh_s=refresh_s, **values
    )


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"
