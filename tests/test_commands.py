from __future__ import annotations

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from astroclf.commands import run_command

PARSER = OverridesParser.create()


@given(st.text(st.sampled_from(list("aZ0é/ '\"\\${}%?#=~,()[]:;&<>*!|`-.\n\t")), min_size=1))
def test_a_printed_command_is_parsed_to_the_same_value(text: str) -> None:
    *program, argument = shlex.split(run_command(resume=text))
    assert program == ["python", "run.py"]
    value = PARSER.parse_override(argument).value()
    assert OmegaConf.create({"resume": value}).resume == text


@pytest.mark.parametrize("path", ["outputs/2026-11-26/00-24-16", "/data/run_1", "a.b/c-2"])
def test_a_plain_path_needs_no_quotes(path: str) -> None:
    assert run_command(resume=path) == f"python run.py resume={path}"


@pytest.mark.parametrize("text", ["2026", "true", "null", "1e3"])
def test_a_text_that_hydra_would_read_as_something_else_is_quoted(text: str) -> None:
    assert run_command(resume=text) == f"""python run.py 'resume='"'"'{text}'"'"''"""
