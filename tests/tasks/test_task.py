from __future__ import annotations

import importlib

import pytest

from astroclf.settings import sections
from astroclf.settings.groups import choices_of

ELSEWHERE = {"crossval", "sync"}  # repeated trainings, and a task without PyTorch


@pytest.mark.parametrize("name", sorted(set(choices_of("task")) - ELSEWHERE))
def test_a_task_is_a_module_with_a_function_of_its_name(name: str) -> None:
    assert callable(getattr(importlib.import_module(f"astroclf.tasks.{name}"), name))


def test_tasks_are_the_sections_of_the_group() -> None:
    assert choices_of("task")["benchmark"] is sections.Benchmark
