from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from astroclf.settings import Settings, read_settings, sections
from astroclf.settings.read import read_model

Config = Callable[..., dict[str, Any]]


def test_the_name_of_a_group_selects_its_section(config: Config) -> None:
    settings = read_settings(config("model=galaxy_cnn", "loss=focal", "augment=sky"))
    assert isinstance(settings.model, sections.GalaxyCnn)
    assert isinstance(settings.loss, sections.Focal)
    assert isinstance(settings.augment, sections.Sky)
    assert isinstance(settings.dataset, sections.Simulated)
    assert settings.model.widths == (64, 128, 256, 512)
    assert settings.loss.alpha == 0.25


def test_an_unknown_optimizer_is_left_to_timm(config: Config) -> None:
    settings = read_settings(config("optimizer=timm", "optimizer.name=lion"))
    assert isinstance(settings.optimizer, sections.TimmOptimizer)
    assert settings.optimizer.name == "lion"


def test_settings_hold_exactly_the_composed_values(config: Config) -> None:
    plain = config("loss.class_weights=[1.0,2.0]", "model=mobilenet")
    read = read_settings(plain).model_dump(mode="json")
    del plain["resume"], plain["rerun"], plain["model_from"]
    assert read == plain


def test_the_home_directory_is_expanded_in_every_path(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = ("dataset.root", "dataset.cache", "model.weights", "evaluation.metadata")
    config_of_folder = (
        "dataset=image_folder",
        "evaluation.bin_columns=[r]",
        "evaluation.metadata_id=id",
    )
    settings = read_settings(config(*config_of_folder, *(f"{key}='~/x'" for key in paths)))
    assert isinstance(settings.dataset, sections.ImageFolder)
    found = (settings.dataset.root, settings.dataset.cache, settings.model.weights)
    assert {*found, settings.evaluation.metadata} == {str(tmp_path / "x")}
    table = read_settings(config("dataset=catalog", "dataset.table='~/t.csv'")).dataset
    assert isinstance(table, sections.Catalog)
    assert table.table == str(tmp_path / "t.csv")


def test_settings_are_frozen(settings: Callable[..., Settings]) -> None:
    with pytest.raises(ValidationError):
        settings().trainer.epochs = 3


@pytest.mark.parametrize(
    ("override", "section", "text"),
    [
        ("evaluation.positive_class=2", "evaluation", "2"),
        ("evaluation.positive_class=true", "evaluation", "True"),
        ("evaluation.positive_class=0.5", "evaluation", "0.5"),
        ("dataset.root=2020", "dataset", "2020"),
        ("dataset.cache=1", "dataset", "1"),
    ],
)
def test_numeric_names_are_texts(
    settings: Callable[..., Settings], override: str, section: str, text: str
) -> None:
    chosen = settings("dataset=image_folder", "dataset.root=x", override)
    key = override.partition("=")[0].partition(".")[2]
    assert getattr(getattr(chosen, section), key) == text


def test_a_stored_model_is_read_by_its_family(settings: Callable[..., Settings]) -> None:
    stored = settings("model=mobilenet").model.model_dump(mode="json")
    assert read_model(stored) == settings("model=mobilenet").model
    with pytest.raises(ValidationError, match="family"):
        read_model({**stored, "family": "forest"})
