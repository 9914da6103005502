"""Sections of the report on vote fractions."""

from __future__ import annotations

import pytest

from astroclf.reports.canvas import COLUMN_MM, PAGE_MM
from astroclf.reports.run.vote_sections import vote_sections
from fixtures.reports import content, votes_result


@pytest.mark.parametrize(("n", "width_mm"), [(8, COLUMN_MM), (11, PAGE_MM)])
def test_many_answers_take_the_width_of_a_page(n: int, width_mm: float) -> None:
    values = vote_sections(content({"test": votes_result(n_answers=n)}))
    assert values["scatter"].width_mm == width_mm
    assert values["is_wide"] == (width_mm == PAGE_MM)
    assert len(values["galleries"]) == 3
