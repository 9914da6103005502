from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.reports.canvas import COLUMN_MM, PAGE_MM, Chart
from astroclf.reports.figures import Figures

MM_PER_INCH = 25.4


def paint(figure: Any) -> None:
    figure.subplots().plot([0, 1], [0, 1])


@pytest.mark.parametrize("width_mm", [COLUMN_MM, PAGE_MM])
def test_every_format_has_the_width_of_a_paper(tmp_path: Path, width_mm: float) -> None:
    Figures(tmp_path / "figures").save(Chart("line", "a line", paint, width_mm, 40))
    points = width_mm / MM_PER_INCH * 72
    svg = (tmp_path / "figures/line.svg").read_text()
    assert float(re.findall(r'width="([0-9.]+)pt"', svg)[0]) == pytest.approx(points, abs=0.01)
    assert "<text" in svg, "texts remain texts"
    pdf = (tmp_path / "figures/line.pdf").read_bytes()
    box = re.findall(rb"/MediaBox \[ ?0 0 ([0-9.]+)", pdf)
    assert float(box[0]) == pytest.approx(points, abs=0.01)
    assert b"/FontFile2" in pdf, "fonts are embedded as TrueType"
    with Image.open(tmp_path / "figures/line.png") as png:
        assert png.width == pytest.approx(width_mm / MM_PER_INCH * 300, abs=1)
        assert png.info["dpi"][0] == pytest.approx(300, abs=0.5)
        assert np.asarray(png)[0, 0].tolist() == [255, 255, 255, 255]


def test_a_chart_is_painted_once_for_all_formats(tmp_path: Path) -> None:
    painted = []
    figures = Figures(tmp_path / "figures")
    figures.save(Chart("line", "a line", lambda figure: painted.append(figure)))
    assert len(painted) == 1
    assert {file.suffix for file in figures.folder.iterdir()} == {".svg", ".pdf", ".png"}


def test_the_element_has_links_to_its_files(tmp_path: Path) -> None:
    element = Figures(tmp_path / "figures").save(Chart("line", "a line", paint))
    assert element.startswith('<svg class="chart"')
    links = re.findall('href="([^"#]+)"', element)
    assert links == ["figures/line.svg", "figures/line.pdf", "figures/line.png"]
    assert all((tmp_path / link).is_file() for link in links)


def test_names_from_data_become_names_of_files(tmp_path: Path) -> None:
    figures = Figures(tmp_path / "figures")
    for name in ("accuracy-a/b", "accuracy-a b", "../x", "Größe", "日", "日"):
        figures.save(Chart(name, "a line", paint))
    assert figures.names == ["accuracy-a_b", "accuracy-a_b-2", "x", "Gr_e", "figure", "figure-2"]
    assert len(list(figures.folder.iterdir())) == 18
