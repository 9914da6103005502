from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.setting_names import RENAMED_KEYS, close_keys, names_here, new_name, read_keys
from astroclf.settings import read_settings

CONF = Path(__file__).parents[1] / "conf"
KEYS = read_keys(CONF)


def test_keys_of_a_file_include_those_of_its_base() -> None:
    assert KEYS["trainer"]["smoke"] == KEYS["trainer"]["default"]


def test_names_of_other_tools_are_translated() -> None:
    assert names_here("learning_rate", KEYS) == ["optimizer.lr"]
    assert names_here("wd", KEYS) == ["optimizer.weight_decay"]
    assert names_here("epochs", KEYS) == ["trainer.epochs"]


def test_close_keys_are_of_the_same_group() -> None:
    assert close_keys("trainer.epohcs", KEYS)[0] == "trainer.epochs"


@pytest.mark.parametrize("old", RENAMED_KEYS)
def test_a_renamed_key_has_a_present_one(old: str) -> None:
    group, _, key = str(new_name(old)).partition(".")
    assert key in set().union(*KEYS[group].values())
    assert old.partition(".")[2] not in set().union(*KEYS[group].values())


@pytest.mark.parametrize("old", RENAMED_KEYS)
def test_a_renamed_key_in_a_file_is_refused_with_the_new_name(
    config: Callable[..., dict[str, Any]], old: str
) -> None:
    group, _, key = old.partition(".")
    composed = config()
    composed[group][key] = 1
    with pytest.raises(UserError) as refused:
        read_settings(composed)
    assert str(refused.value) == f"{old}=1: renamed. Write {new_name(old)}."


def test_a_present_key_was_not_renamed() -> None:
    assert new_name("trainer.epochs") is None
