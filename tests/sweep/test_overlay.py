from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from astroclf.sweep.overlay import write_overlay

CONF = Path(__file__).parents[2] / "conf"
HEADER = ["Trial 3 of s: accuracy 0.91.", "", "python run.py \\\n  model=cnn"]
VALUES = {
    "optimizer.lr": 1e-5,
    "loss.gamma": 1.5,
    "model.widths": [8, 16],
    "trainer.grad_clip_norm": None,
    "dataset.root": "1e-3",
    "seed": 4,
}


@pytest.fixture
def best(tmp_path):
    file = tmp_path / "experiment/best.yaml"
    file.parent.mkdir()
    return file


def compose_best(folder, *overrides):
    searched = f"hydra.searchpath=[file://{folder}]"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=[searched, "experiment=best", *overrides])


def test_hydra_composes_it(best):
    write_overlay(best, header_lines=HEADER, groups={"loss": "focal"}, values=VALUES)
    config = compose_best(best.parents[1])
    assert config.loss.name == "focal"
    assert config.loss.gamma == 1.5
    assert config.optimizer.lr == 1e-5
    assert config.model.widths == [8, 16]
    assert config.trainer.grad_clip_norm is None
    assert config.dataset.root == "1e-3"
    assert config.seed == 4
    assert compose_best(best.parents[1], "optimizer.lr=3").optimizer.lr == 3


def test_the_header_is_comments_after_the_package(best):
    write_overlay(best, header_lines=HEADER, groups={}, values={"seed": 1})
    assert best.read_text().splitlines() == [
        "# @package _global_", "# Trial 3 of s: accuracy 0.91.", "# python run.py \\",
        "#   model=cnn", "", "seed: 1",
    ]  # fmt: skip
    assert [file.name for file in best.parent.iterdir()] == ["best.yaml"]


def test_nothing_to_override_is_an_overlay_too(best):
    write_overlay(best, header_lines=["Nothing."], groups={}, values={})
    assert compose_best(best.parents[1]).loss.name == "ce"


plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab1e-.: #")
)


@given(value=plain | st.lists(plain, max_size=3))
def test_a_value_is_read_back_as_it_was(tmp_path_factory, value):
    file = tmp_path_factory.mktemp("overlay") / "best.yaml"
    write_overlay(file, header_lines=[], groups={}, values={"a.b.c": value, "a.d": 1})
    assert OmegaConf.to_container(OmegaConf.load(file)) == {"a": {"b": {"c": value}, "d": 1}}
