from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings, sections


@pytest.mark.parametrize(
    ("name", "section"),
    [("sgd", sections.Sgd), ("adam", sections.Adam), ("adamw", sections.Adam)],
)
def test_own_optimizers_are_read_by_their_name(
    settings: Callable[..., Settings], name: str, section: type[sections.Section]
) -> None:
    assert type(settings(f"optimizer={name}").optimizer) is section


def test_any_other_name_is_one_of_timm(settings: Callable[..., Settings]) -> None:
    chosen = settings(
        "optimizer=timm", "optimizer.name=lion", "+optimizer.options.betas=[0.9,0.99]"
    )
    assert isinstance(chosen.optimizer, sections.TimmOptimizer)
    assert chosen.optimizer.options == {"betas": [0.9, 0.99]}


def test_settings_are_read_again_from_their_values(settings: Callable[..., Settings]) -> None:
    read = settings("optimizer=timm")
    assert Settings.model_validate(read.model_dump()).optimizer == read.optimizer


@pytest.mark.parametrize("override", ["final_factor=1.5", "warmup_epochs=-1"])
def test_factors_of_a_schedule_are_bounded(refusal: Callable[..., str], override: str) -> None:
    assert refusal(f"scheduler.{override}").startswith(f"scheduler.{override}: should be ")
