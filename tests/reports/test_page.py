from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import jinja2
import numpy as np
import pytest

from astroclf.reports import page as page_module
from astroclf.reports.canvas import VARIABLES, Chart
from astroclf.reports.figures import Figures
from astroclf.reports.page import percent, render_page
from astroclf.reports.run.plots.confusion import STRONGEST, WEAKEST

TEMPLATE = """{% extends "page.html.j2" %}
{% block style %}.own { color: red; }{% endblock %}
{% block main %}<section id="here">{{ name | loud }} {{ 0.1234 | percent }}</section>{% endblock %}"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own.html.j2").write_text(TEMPLATE)
    return tmp_path


def render(folder, **options):
    given = {"title": "a <b> c", "facts": {"seed": 3}, "filters": {"loud": "{}!".format}, **options}
    return render_page(folder, "own.html.j2", **given)


def test_a_template_fills_the_frame_and_everything_is_escaped(folder, read_page):
    (folder / "page.html").write_text(render(folder, name="<i>x</i>", warnings=["Mind & heed."]))
    page = read_page(folder / "page.html")
    page.check_self_contained()
    assert page.sections == ["here"]
    assert page.text == "a <b> c a <b> c Note. Mind & heed. seed 3 <i>x</i>! 12.3 %"
    assert page.source.index("body {") < page.source.index(".own {") < page.source.index("</style>")


def test_a_chart_is_inline_and_also_a_file_where_the_page_has_figures(tmp_path):
    (tmp_path / "own.html.j2").write_text("""{% extends "page.html.j2" %}
        {% block main %}{{ line | chart }}{% endblock %}""")
    chart = Chart("line", "a <line>", lambda figure: None)
    alone = render(tmp_path, line=chart)
    assert 'aria-label="a &lt;line&gt;"' in alone
    assert "figures/" not in alone
    with_files = render(tmp_path, line=chart, figures=Figures(tmp_path / "figures"))
    assert 'href="figures/line.pdf"' in with_files
    assert (tmp_path / "figures/line.pdf").is_file()


def test_a_value_that_is_missing_is_an_error_not_a_gap(folder):
    with pytest.raises(jinja2.UndefinedError, match="name"):
        render(folder)


@pytest.mark.parametrize(("share", "text"), [(0, "0.0 %"), (0.98765, "98.8 %"), (1, "100.0 %")])
def test_percent(share, text):
    assert percent(share) == text


def palettes():
    """Return the colors of the page in light and in dark mode, by name."""
    css = (Path(page_module.__file__).parent / "page.css.j2").read_text()
    light, dark = css.split("prefers-color-scheme: dark", 1)
    light = dict(re.findall(r"--([\w-]+): (#\w{6})", light))
    return {"light": light, "dark": light | dict(re.findall(r"--([\w-]+): (#\w{6})", dark))}


def channels(color):
    return np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255


def contrast(one, other):
    """Return the contrast of WCAG 2.2 between two colors of three channels from 0 to 1."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (one, other)]
    dark, bright = sorted(each @ [0.2126, 0.7152, 0.0722] for each in linear)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_its_definition():
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)
    assert contrast(channels("#777777"), channels("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *product(("ink", "muted", "link", "wrong"), ("paper", "wash")),
        *product(("ink", "wrong"), ("alert",)),
    ],
)
def test_every_text_has_a_contrast_of_four_and_a_half(mode, text, ground):
    colors = palettes()[mode]
    assert contrast(channels(colors[text]), channels(colors[ground])) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("share", np.linspace(0, 1, 11))
def test_numbers_on_cells_of_a_confusion_matrix_have_a_contrast_of_four_and_a_half(mode, share):
    colors = palettes()[mode]
    alpha = WEAKEST + (STRONGEST - WEAKEST) * share
    cell = alpha * channels(colors["series-0"]) + (1 - alpha) * channels(colors["paper"])
    assert contrast(channels(colors["ink"]), cell) >= 4.5


def test_charts_have_the_colors_of_the_page_in_light_mode():
    light = palettes()["light"]
    assert {color: light[name.removeprefix("--")] for color, name in VARIABLES.items()} == {
        color: color for color in VARIABLES
    }
