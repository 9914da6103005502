from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from astroclf.reports.canvas import COLUMN_MM, INK, PALETTE, VARIABLES, Chart, draw, literal


def paint(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o", label=literal("$x$"))
    axes.legend()


def test_a_chart_is_one_svg_element_sized_for_a_column_of_a_paper():
    svg = draw(Chart("diagonal", "a & b", paint, COLUMN_MM, 44))
    # `href` without its namespace is right within HTML alone.
    root = ElementTree.fromstring(svg)
    assert (root.tag, root.get("viewBox"), root.get("width")) == (
        "svg",
        "0 0 249.449 124.724",  # 88 mm by 44 mm in points
        "500",
    )
    assert root.get("aria-label") == "a & b"
    assert "$x$" in "".join(root.itertext())


def test_ids_of_two_charts_of_a_page_differ():
    first, second = (
        set(re.findall(r' id="(\w+)"', draw(Chart(name, "text", paint)))) for name in "ab"
    )
    assert first
    assert not first & second


def test_colors_of_a_page_are_variables_which_dark_mode_replaces():
    def paint_all(figure):
        axes = figure.subplots()
        for color in PALETTE:
            axes.plot([0, 1], [0, 1], color=color)
        axes.text(0, 0, "text", color=INK)

    svg = draw(Chart("colors", "all colors", paint_all))
    assert set(re.findall(r"#[0-9a-f]{6}", svg)) <= {"#000000"}
    assert {f"--series-{number}" for number in range(6)} <= set(re.findall(r"var\((.*?)\)", svg))
    assert f"var({VARIABLES[INK]})" in svg


@pytest.mark.parametrize(("name", "shown"), [("a$b$", r"a\$b\$"), ("_a", " _a"), ("a_b", "a_b")])
def test_literal(name, shown):
    assert literal(name) == shown
