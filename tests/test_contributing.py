"""CONTRIBUTING.md: the number of files that each kind of option touches."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OPTIONS = re.findall(
    r"^\*\*([^*]+): (\d) files?\.\*\*.*?```diff\n(.*?)```",
    (ROOT / "CONTRIBUTING.md").read_text(),
    re.MULTILINE | re.DOTALL,
)


def test_every_kind_of_option_is_shown() -> None:
    assert [kind for kind, _, _ in OPTIONS] == [
        "A loss",
        "A source of images",
        "A fine-tuning strategy",
        "A task",
        "A family of networks",
        "A network of timm",
        "A metric",
    ]


@pytest.mark.parametrize(("kind", "number", "diff"), OPTIONS, ids=[each[0] for each in OPTIONS])
def test_a_diff_touches_the_stated_number_of_files(kind: str, number: str, diff: str) -> None:
    files = re.findall(r"^\+\+\+ (\S+)$", diff, re.MULTILINE)
    assert len(files) == int(number)
    assert all((ROOT / file).parent.is_dir() for file in files)


@pytest.mark.parametrize(("kind", "number", "diff"), OPTIONS, ids=[each[0] for each in OPTIONS])
def test_lines_that_a_diff_removes_exist(kind: str, number: str, diff: str) -> None:
    file = ROOT
    for line in diff.splitlines():
        if line.startswith("+++ "):
            file = ROOT / line.removeprefix("+++ ")
        elif line.startswith("-"):
            assert line[1:] in file.read_text().splitlines()
