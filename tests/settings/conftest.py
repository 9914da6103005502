from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.settings import read_settings


@pytest.fixture
def refusal(config: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """refusal(*overrides): the sentence with which settings are refused."""

    def refuse(*overrides: str) -> str:
        with pytest.raises(UserError) as refused:
            read_settings(config(*overrides))
        return str(refused.value)

    return refuse
