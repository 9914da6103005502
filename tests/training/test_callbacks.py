from __future__ import annotations

from typing import Any

from astroclf.training.callbacks import Callback


def test_every_hook_does_nothing_by_default() -> None:
    learner: Any = None  # a hook that reads it would fail
    hooks = [name for name in vars(Callback) if name.startswith("on_")]
    assert len(hooks) == 6
    for name in hooks:
        getattr(Callback(), name)(learner)
