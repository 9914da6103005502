from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase

from astroclf.api.composition import compose_config
from astroclf.errors import UserError


def test_overrides_are_composed_with_the_node_of_hydra() -> None:
    config = compose_config(["loss=focal", "trainer.epochs=3", "hydra.run.dir=a/b"])
    assert (config.loss.name, config.trainer.epochs) == ("focal", 3)
    assert config.hydra.run.dir == "a/b"


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("trainer.epoch=3", "did you mean trainer.epochs?"),
        ("model=mobilnet", "choose one of cnn"),
        ("loss=ce,focal", "several values are tried with -m only"),
        ("-m", "-m: options are for the command line. Give <key>=<value> only."),
        ("optimizer.lr=[1", "optimizer.lr=[1 cannot be read"),
    ],
)
def test_a_wrong_override_is_refused_as_on_the_command_line(override: str, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        compose_config([override])
    assert sentence in str(refused.value)


def test_the_hydra_of_the_calling_program_is_restored(tmp_path: Path) -> None:
    from hydra import compose, initialize_config_dir

    (tmp_path / "own.yaml").write_text("a: 1\n")
    with initialize_config_dir(str(tmp_path), version_base="1.2"):
        outer = GlobalHydra.instance().hydra
        assert compose_config([]).seed == 0
        with pytest.raises(UserError):
            compose_config(["nothing=1"])
        assert GlobalHydra.instance().hydra is outer
        assert str(VersionBase.instance().getbase()) == "1.2"
        assert compose("own").a == 1
