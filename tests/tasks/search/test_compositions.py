from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

import astroclf.composition  # noqa: F401  registers the resolvers that conf/ names
from astroclf.errors import UserError
from astroclf.sweep.nodes import STUDY_VARIABLE, TRIAL_VARIABLE
from astroclf.tasks.search.compositions import Compositions

CONF = Path(__file__).parents[3] / "conf"


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Callable[..., Compositions]]:
    """composed(*overrides): what a search with these overrides composes its trials by."""
    with initialize_config_dir(str(CONF), version_base="1.3"):

        def build(*overrides: str) -> Compositions:
            sweep = ("hydra/sweeper=optuna", f"hydra.sweep.dir={tmp_path}", *overrides)
            config = compose("config", [*sweep], return_hydra_config=True)
            return Compositions(config, GlobalHydra.instance().config_loader(), overrides)

        yield build


def test_a_trial_has_its_study_number_and_folder(
    composed: Callable[..., Compositions], tmp_path: Path
) -> None:
    compositions = composed("hydra.sweeper.study_name=a study")
    config = compositions.compose(compositions.trial_overrides(3))
    assert config.hydra.job.env_set == {STUDY_VARIABLE: "a study", TRIAL_VARIABLE: "3"}
    assert (config.hydra.sweep.dir, config.hydra.sweep.subdir) == (str(tmp_path), "3")


def test_settings_are_those_of_the_overrides(composed: Callable[..., Compositions]) -> None:
    settings = composed().settings(["loss=focal", "loss.gamma=1.5", "trainer.epochs=7"])
    assert (settings.loss.name, settings.trainer.epochs) == ("focal", 7)


def test_an_unknown_key_is_refused(composed: Callable[..., Compositions]) -> None:
    with pytest.raises(UserError, match=r"optimizer\.lrr"):
        composed().compose(["optimizer.lrr=1"])


def test_the_value_of_a_group_is_its_choice(composed: Callable[..., Compositions]) -> None:
    compositions = composed()
    assert compositions.value_of("loss") == "ce"
    assert compositions.value_of("seeds") == "None"
    assert compositions.value_of("loss.gamma") is None


def test_an_overlay_has_the_choices_and_values_that_differ(
    composed: Callable[..., Compositions],
) -> None:
    groups, values = composed().overlay(["loss=focal", "loss.gamma=1.5", "model.dropout=0.25"])
    assert groups["loss"] == "focal"
    assert "search" not in groups
    assert values == {"loss.gamma": 1.5, "model.dropout": 0.25}


def test_an_own_sampler_replaces_the_arguments_of_the_default(
    composed: Callable[..., Compositions],
) -> None:
    sampler = "hydra.sweeper.sampler"
    own = composed(f"{sampler}._target_=fixtures.own_sampler.Corner", f"+{sampler}.share=0.1")
    assert own.sweeper["sampler"] == {"_target_": "fixtures.own_sampler.Corner", "share": 0.1}
    assert composed().sweeper["sampler"]["n_startup_trials"] == 8
