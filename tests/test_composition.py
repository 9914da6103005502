"""Resolvers of conf/, and configurations as plain containers."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from astroclf.composition import plain_config
from astroclf.errors import UserError
from fixtures.composition import compose_config


def test_the_name_of_a_study_has_model_and_dataset() -> None:
    config = OmegaConf.create({"name": "${study_name:resnet 18,../galaxy zoo,3}"})
    assert plain_config(config) == {"name": "resnet-18-..-galaxy-zoo-3"}
    config = OmegaConf.create({"name": "${study_name:%s}" % ("a" * 200)})
    assert plain_config(config) == {"name": "a" * 100}


@pytest.mark.parametrize(("study", "folder"), [("mine", "mine"), (None, "12-30")])
def test_a_sweep_without_a_study_gets_a_folder_of_its_own(study: str | None, folder: str) -> None:
    config = OmegaConf.create({"study": study, "name": "${sweep_name:${study},12-30}"})
    assert plain_config(config)["name"] == folder


def test_the_node_of_hydra_is_left_out() -> None:
    config = OmegaConf.create({"hydra": {"job": "x"}, "seed": 1, "seeds": ["${seed}"]})
    assert plain_config(config) == {"seed": 1, "seeds": [1]}


def test_a_reference_to_nothing_is_refused() -> None:
    config = OmegaConf.create({"seed": "${gone}"})
    with pytest.raises(UserError, match=r"^The settings cannot be resolved: .*'gone' not found"):
        plain_config(config)


def test_paths_are_resolved_and_left_out() -> None:
    config = OmegaConf.create({"paths": {"images": "a/b"}, "dataset": {"root": "${paths.images}"}})
    assert plain_config(config) == {"dataset": {"root": "a/b"}}


@pytest.mark.parametrize(("strategy", "space"), [("lora", "lora"), ("of_mine", "default")])
def test_a_strategy_without_a_search_space_gets_the_default_one(strategy: str, space: str) -> None:
    config = OmegaConf.create({"search": f"${{search_space:{strategy}}}"})
    assert plain_config(config) == {"search": space}


def test_local_settings_apply_to_every_run(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local/default.yaml").write_text("paths:\n  images: /data/cutouts\n")
    searched = f"hydra.searchpath=[file://{tmp_path}]"
    composed = compose_config("dataset=image_folder", searched)
    assert composed["dataset"]["root"] == "/data/cutouts"
    assert compose_config("dataset=image_folder")["dataset"]["root"] is None
    assert (
        compose_config("dataset=image_folder", searched, "dataset.root=x")["dataset"]["root"] == "x"
    )
