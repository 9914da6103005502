from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings, sections


def test_one_folder_to_send_is_a_list(settings: Callable[..., Settings]) -> None:
    task = settings("task=sync", "task.folders=outputs/a").task
    assert isinstance(task, sections.Sync)
    assert task.folders == ("outputs/a",)


def test_several_folders_are_sent(settings: Callable[..., Settings]) -> None:
    task = settings("task=sync", "task.folders=[a,b]").task
    assert isinstance(task, sections.Sync)
    assert task.folders == ("a", "b")


@pytest.mark.parametrize("key", ["steps", "rounds"])
def test_a_benchmark_has_at_least_one_step_and_round(refusal: Callable[..., str], key: str) -> None:
    sentence = refusal("task=benchmark", f"task.{key}=0")
    assert sentence == f"task.{key}=0: should be greater than or equal to 1."
