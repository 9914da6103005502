from __future__ import annotations

import jinja2
import pytest

from astroclf.reports.canvas import Chart
from astroclf.reports.figures import Figures
from astroclf.reports.page import percent, render_page

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
