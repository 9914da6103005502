from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from astroclf.installation import CONF
from astroclf.settings.schemas import read_schema, schema_names


@pytest.mark.parametrize(
    ("name", "questions", "answers"),
    [("galaxy_zoo_2", 11, 37), ("galaxy_zoo_decals", 10, 34), ("galaxy_zoo_candels", 12, 38)],
)
def test_schemas_have_the_questions_of_their_survey(
    name: str, questions: int, answers: int
) -> None:
    schema = read_schema(name)
    assert len(schema.tree.questions) == questions
    assert len(schema.tree.answers) == answers
    assert schema.source


def test_schema_names_are_those_of_conf() -> None:
    assert schema_names() == ["galaxy_zoo_2", "galaxy_zoo_candels", "galaxy_zoo_decals"]


def test_a_schema_of_a_user_is_read_by_its_path(tmp_path: Path) -> None:
    content = yaml.safe_load((CONF / "schema/galaxy_zoo_2.yaml").read_text())
    content["questions"] = content["questions"][:2]
    content.pop("cuts")
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert len(read_schema(str(tmp_path / "own.yaml")).tree.questions) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[1, 2", "cannot be read as YAML"),
        ("a: 1", "no schema of votes"),
        (None, "No such file"),
    ],
)
def test_files_that_are_no_schema_are_refused(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    file = tmp_path / "own.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=reason):
        read_schema(str(file))


def test_an_unknown_schema_is_refused_with_the_known_ones(refusal: Callable[..., str]) -> None:
    assert refusal(
        "dataset=galaxy_zoo", "dataset.root=.", "dataset.vote_schema=gz2", "loss=mse"
    ) == (
        "dataset.vote_schema=gz2: no schema of that name. Choose galaxy_zoo_2, galaxy_zoo_candels, "
        "galaxy_zoo_decals, or give the path of a .yaml file."
    )
