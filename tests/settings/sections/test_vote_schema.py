from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from astroclf.settings.sections import VoteSchema


def content(**values: Any) -> dict[str, Any]:
    questions = [
        {"name": "shape", "text": "Is it smooth?", "answers": {"a": "smooth", "b": "featured"}},
        {
            "name": "round",
            "text": "Is it round?",
            "answers": {"c": "yes", "d": "no"},
            "reached_by": ["a"],
        },
    ]
    return {
        "source": "a survey",
        "id_column": "id",
        "values": "counts",
        "questions": questions,
        **values,
    }


def test_a_tree_has_the_names_of_columns_and_the_texts_of_answers() -> None:
    tree = VoteSchema.model_validate(content()).tree
    assert tree.answers == ("a", "b", "c", "d")
    assert tree.questions[1].reached_by == ("a",)
    assert tree.questions[1].shown_answers == ("yes", "no")


def test_questions_that_are_no_tree_are_refused() -> None:
    reversed_order = content()["questions"][::-1]
    with pytest.raises(ValidationError, match="no answer of an earlier question"):
        VoteSchema.model_validate(content(questions=reversed_order))


def test_cuts_in_unknown_answers_are_refused() -> None:
    cuts = {"two": {"source": "a paper", "classes": {"one": {"a": 0.8}, "other": {"z": 0.8}}}}
    with pytest.raises(ValidationError, match=r"cuts\.two names z, which is no answer"):
        VoteSchema.model_validate(content(cuts=cuts))
