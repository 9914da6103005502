"""Every command that a document shows can be composed, and its settings go together."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import astroclf.composition  # noqa: F401 - registers the resolvers that conf/ names
from astroclf.settings import read_settings
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space
from fixtures.composition import compose_config

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RECIPES = sorted((ROOT / "conf/experiment").glob("*.yaml"))
# What is no override, and what a launcher understands that need not be installed.
NOT_OVERRIDES = ("-m", "--multirun", "&", "hydra/launcher", "hydra.launcher", "+hydra.launcher")
NOT_RUNS = ("--help", "--hydra-help", "--cfg", "--config-dir", "resume=")


def commands(text: str) -> list[str]:
    """Each `python run.py ...`, with continued lines joined and comments taken away."""
    lines = re.sub(r"\\\n\s*#?\s*", "", text).splitlines()
    found = [re.search(r"^(?:#\s*|\s{4})python run\.py(.*)$", line) for line in lines]
    return [match[1].split(" #")[0].strip() for match in found if match]


def shown() -> list[Any]:
    return [
        pytest.param(command, id=f"{document.stem}: {command[:60]}")
        for document in (*DOCUMENTS, *RECIPES)
        for command in commands(document.read_text())
        if not command.startswith(NOT_RUNS)
    ]


def overrides_of(command: str) -> list[str]:
    """As Hydra gets them; of a sweep, those of its first job, and of a placeholder, some name."""
    filled = re.sub(r"<[^>]*>", "name", command.replace("model=<model>", "model=cnn"))
    words = [word for word in shlex.split(filled) if not word.startswith(NOT_OVERRIDES)]
    if "hydra/sweeper=optuna" in words:
        own = [word for word in words if not word.startswith(("hydra/", "hydra."))]
        space = read_space({}, {}, own, current=lambda key: "some")
        first = {key: values[0] for key, values in listed_values(space).items()}
        return [word for word in words if word not in own] + space.overrides(first)
    is_sweep = "-m" in shlex.split(filled)
    return [re.sub(r"^([^=\[]+=[^,\[]*),.*$", r"\1", word) if is_sweep else word for word in words]


def listed_values(space: Space) -> dict[str, Any]:
    """Some values of each dimension; of an interval, its lower end."""
    return {
        dimension.key: [dimension.distribution.low] if dimension.size is None else dimension.values
        for dimension in space.searched
    }


@pytest.mark.parametrize("command", shown())
def test_a_command_composes_and_its_settings_go_together(command: str) -> None:
    assert read_settings(compose_config(*overrides_of(command)))


def test_documents_are_full_of_commands() -> None:
    assert len(shown()) >= 11


def test_links_and_pictures_are_there() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} points to {target}"
