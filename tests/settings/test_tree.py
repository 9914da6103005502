from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from omegaconf import OmegaConf

from astroclf.settings import Settings

GROUPS_OF_TASKS = {"lookup", "evaluate", "predict", "inspect", "compare", "export", "prepare"}
CONFIG = Path(__file__).parents[2] / "conf/config.yaml"


def test_fields_are_the_groups_and_keys_of_the_configuration() -> None:
    config = OmegaConf.load(CONFIG)
    groups = {
        key
        for entry in config.pop("defaults")
        if isinstance(entry, dict | type(config))
        for key in entry
    }
    groups = {key for key in groups if not key.startswith(("override ", "optional "))}
    keys = set(map(str, config)) - {"hydra", "resume", "rerun"}
    assert (groups - {"paths", "experiment"}) | keys | GROUPS_OF_TASKS == set(Settings.model_fields)


def test_settings_are_rebuilt_from_their_values(settings: Callable[..., Settings]) -> None:
    read = settings("model=mobilenet", "finetune=lora", "loss=focal")
    assert Settings.model_validate(read.model_dump(mode="json")) == read


def test_groups_of_other_tasks_are_not_stored(settings: Callable[..., Settings]) -> None:
    assert not GROUPS_OF_TASKS & set(settings().model_dump())
    predicting = settings("task=predict", "model_from=last")
    assert set(predicting.model_dump()) & GROUPS_OF_TASKS == {"lookup", "predict"}
    assert Settings.model_validate(predicting.model_dump(mode="json")) == predicting
