from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from astroclf.reports.canvas import draw, literal


def paint(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o", label=literal("$x$"))
    axes.legend()


def test_a_chart_is_one_svg_element_of_its_size_in_css_pixels():
    svg = draw(300, 200, "a & b", paint)
    # `href` without its namespace is right within HTML alone.
    root = ElementTree.fromstring(svg)
    assert (root.tag, root.get("viewBox"), root.get("width")) == ("svg", "0 0 300 200", "300")
    assert root.get("aria-label") == "a & b"
    assert "$x$" in "".join(root.itertext())


def test_ids_of_two_charts_of_a_page_differ():
    first, second = (set(re.findall(r' id="(\w+)"', draw(200, 150, text, paint))) for text in "ab")
    assert first
    assert not first & second


@pytest.mark.parametrize(("name", "shown"), [("a$b$", r"a\$b\$"), ("_a", " _a"), ("a_b", "a_b")])
def test_literal(name, shown):
    assert literal(name) == shown
