"""Sections of the report on vote fractions."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.reports.canvas import COLUMN_MM, PAGE_MM
from astroclf.reports.run.report import write_report
from astroclf.reports.run.vote_sections import vote_sections
from fixtures.reports import content, tree_result, votes_result
from fixtures.trees import GALAXIES


@pytest.mark.parametrize(("n", "width_mm"), [(8, COLUMN_MM), (11, PAGE_MM)])
def test_many_answers_take_the_width_of_a_page(n: int, width_mm: float) -> None:
    values = vote_sections(content({"test": votes_result(n_answers=n)}))
    assert values["scatter"].width_mm == width_mm
    assert values["is_wide"] == (width_mm == PAGE_MM)
    assert len(values["galleries"]) == 3


def test_questions_of_a_tree_have_a_table_with_the_votes_that_reached_them(tmp_path: Path) -> None:
    result = tree_result()
    values = vote_sections(content({"test": result}))
    assert [each.name for each in values["questions"]] == [each.name for each in GALAXIES.questions]
    smooth = result.labels.targets[:, 0].mean()
    assert values["questions"][1].reach == pytest.approx(smooth, abs=1e-6)
    write_report(tmp_path / "report.html", content({"test": result}))
    page = (tmp_path / "report.html").read_text()
    assert "How round is it?" in page
    figure = result.scores.per_question["round"]["ece"]["value"]
    assert f"<span>{figure:.3f}</span>" in page
    assert vote_sections(content({"test": votes_result()}))["questions"] == []
