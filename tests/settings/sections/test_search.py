from __future__ import annotations

from collections.abc import Callable

from astroclf.settings import Settings


def test_objectives_are_one_name_several_or_none(settings: Callable[..., Settings]) -> None:
    assert settings().search.objective is None
    assert settings("search.objective=mcc").search.objective == "mcc"
    several = settings("search.objective=[accuracy,parameters]").search.objective
    assert several == ("accuracy", "parameters")


def test_a_list_of_no_objectives_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal("search.objective=[]").startswith("search.objective=[]: should be ")
