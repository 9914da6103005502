from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.reports.figures import Figures
from astroclf.reports.predict.content import ContactSheet, Gallery
from astroclf.reports.predict.page import p_value_histogram, share, write_contact_sheet
from fixtures.contact_sheets import EXAMPLE, SHEET


@pytest.fixture
def render(tmp_path: Path, read_page: Callable[[Path], Any]) -> Callable[[ContactSheet], Any]:
    def write(content: ContactSheet) -> Any:
        file = tmp_path / "contact_sheet.html"
        write_contact_sheet(file, content, Figures(tmp_path / "figures"))
        return read_page(file)

    return write


def test_the_page_shows_counts_distributions_and_examples(
    tmp_path: Path, render: Callable[[ContactSheet], Any]
) -> None:
    page = render(SHEET)
    assert page.sections == ["counts", "distributions", "certain", "uncertain", "unlike"]
    for text in ("galaxy 4 66.7 %", "2 2 33.3 %", "empty file 1", "0.987", "p = 0.004"):
        assert text in page.text
    assert "A count of labels is not an estimate of abundance" in page.text
    assert "with a probability of 0.95" in page.text
    assert "5.0 % have p ≤ 0.05" in page.text
    assert "<script" not in page.source
    assert {file.name for file in (tmp_path / "figures").iterdir()} >= {
        "confidence.svg",
        "unlike_training.pdf",
    }


def test_without_sets_and_p_values_their_parts_are_left_out(
    render: Callable[[ContactSheet], Any],
) -> None:
    gallery = Gallery("galaxy", 4, [replace(EXAMPLE, p_value=None)])
    page = render(
        replace(
            SHEET,
            set_sizes={},
            level=None,
            unlike_training=None,
            unlike=[],
            certain=[gallery],
            uncertain=gallery,
            is_votes=True,
            reasons={},
        )
    )
    assert page.sections == ["counts", "distributions", "certain", "uncertain"]
    assert "p = " not in page.text
    assert "Prediction sets" not in page.text
    assert "answer with the highest fraction" in page.text


def test_the_expected_number_of_each_bin_is_drawn() -> None:
    with p_value_histogram(np.array([1, 2, 3, 2])).painted() as figure:
        assert figure.axes[0].lines[0].get_ydata()[0] == 2


def test_shares_of_nothing() -> None:
    assert share(1, 3) == "33.3 %"
    assert share(0, 0) == "0.0 %"
