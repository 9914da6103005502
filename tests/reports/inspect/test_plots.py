from __future__ import annotations

from dataclasses import replace

import numpy as np

from astroclf.reports.inspect.content import Distributions
from astroclf.reports.inspect.plots import distribution, legend_note


def painted_axes(values: np.ndarray, content: Distributions):
    chart = distribution("flux", values, content)
    with chart.painted() as figure:
        (axes,) = figure.axes
        return axes


def content(n_classes: int = 2) -> Distributions:
    names = tuple(f"class {k}" for k in range(n_classes))
    classes = np.repeat(np.arange(n_classes), 100)
    splits = np.tile([0, 1], 50 * n_classes)
    return Distributions({}, classes, splits, names, ("train", "test"), "All images.")


def test_lines_span_the_percentiles_of_each_class_and_split() -> None:
    given = content()
    values = np.where(given.classes == 0, 10.0, 20.0) + np.linspace(-1, 1, 200)
    axes = painted_axes(values, given)
    assert len(axes.lines) == 3 * 2 * 2  # thin, thick and dot of each
    of = values[(given.classes == 0) & (given.splits == 0)]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), np.percentile(of, [5, 95]))
    np.testing.assert_allclose(axes.lines[1].get_xdata(), np.percentile(of, [25, 75]))
    np.testing.assert_allclose(axes.lines[2].get_xdata(), np.median(of))
    assert axes.get_xscale() == "linear"


def test_values_over_several_magnitudes_have_a_logarithmic_axis() -> None:
    given = content()
    assert painted_axes(np.geomspace(1, 1000, 200), given).get_xscale() == "log"
    assert painted_axes(np.geomspace(1, 1000, 200) - 5, given).get_xscale() == "linear"


def test_of_many_classes_the_most_frequent_are_drawn() -> None:
    given = content(20)
    more = replace(given, classes=np.append(given.classes[:-99], np.full(99, 3)))
    axes = painted_axes(np.arange(2000.0), more)
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert len(labels) == 12
    assert "class 3" in labels
    assert "class 19" not in labels


def test_classes_without_a_color_are_named() -> None:
    assert legend_note(["a", "b"]) == ""
    assert legend_note(list("abcdefgh")) == "Classes after f are gray."
