from __future__ import annotations

from astroclf.settings import sections
from astroclf.settings.groups import GROUPS, choices_of, selector_of


def test_groups_are_those_of_the_settings() -> None:
    assert list(GROUPS) == [
        "task", "dataset", "model", "finetune", "loss", "optimizer", "scheduler", "flux", "augment", "trainer",
        "evaluation", "tracking", "search", "debug", "lookup", "evaluate", "predict", "inspect", "compare", "export", "prepare",
    ]  # fmt: skip
    assert GROUPS["trainer"] == (sections.Trainer,)
    assert GROUPS["finetune"] == (
        sections.Full,
        sections.HeadOnly,
        sections.Lora,
        sections.CustomStrategy,
    )


def test_a_group_without_alternatives_has_no_selector() -> None:
    assert selector_of("trainer") is None
    assert choices_of("trainer") == {}


def test_a_model_is_selected_by_its_family_and_all_else_by_name() -> None:
    assert selector_of("model") == "family"
    assert selector_of("loss") == selector_of("optimizer") == "name"


def test_choices_are_the_literals_of_the_selector() -> None:
    assert choices_of("model")["timm"] is sections.Timm
    assert choices_of("augment") == {
        "none": sections.ExactViews,
        "flips": sections.ExactViews,
        "dihedral": sections.ExactViews,
        "sky": sections.Sky,
        "custom": sections.CustomAugment,
    }


def test_a_section_that_takes_any_name_is_no_choice() -> None:
    assert sections.TimmOptimizer in GROUPS["optimizer"]
    assert choices_of("optimizer") == {
        "sgd": sections.Sgd,
        "adam": sections.Adam,
        "adamw": sections.Adam,
    }
