from __future__ import annotations

import importlib

import pytest

from astroclf.settings import sections
from astroclf.settings.groups import choices_of

ELSEWHERE = {"sync"}  # runs without PyTorch


@pytest.mark.parametrize("name", sorted(set(choices_of("task")) - ELSEWHERE))
def test_a_task_is_a_module_with_a_function_main(name: str) -> None:
    assert callable(importlib.import_module(f"astroclf.tasks.{name}").main)


def test_tasks_are_the_sections_of_the_group() -> None:
    assert choices_of("task")["benchmark"] is sections.Benchmark
