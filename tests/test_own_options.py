"""Options of a package outside of astroclf, beside which run.py is started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
OWN = (ROOT / "tests/fixtures/own_options.py").read_text()

MODEL = ("model=custom", "model.target=my_package.options.Net", "+model.kwargs.width=6")
DATASET = (
    "dataset=custom",
    "dataset.target=my_package.options.bright_and_dark",
    "+dataset.kwargs.n_images=60",
)
OTHERS = (
    "loss=custom",
    "loss.target=my_package.options.hinge",
    "augment=custom",
    "augment.target=my_package.options.fade",
    "finetune=custom",
    "finetune.target=my_package.options.train_last",
)
READ = """
import astroclf, numpy as np
model = astroclf.load("run/bundle")
print(len(model.predict(np.zeros((2, 3, 16, 16), np.float32))))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a package of the user."""
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package/__init__.py").write_text("")
    (tmp_path / "my_package/options.py").write_text(OWN)
    return tmp_path


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def run(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    common = ("tracking=none", "trainer.device=cpu", "hydra.run.dir=run")
    return start(folder, str(ROOT / "run.py"), *common, *overrides)


def test_a_run_uses_options_of_the_working_directory_and_its_bundle_is_read(folder: Path) -> None:
    ran = run(folder, "trainer=smoke", *MODEL, *DATASET, *OTHERS)
    assert ran.returncode == 0, ran.stderr
    metrics: dict[str, Any] = json.loads((folder / "run/metrics.json").read_text())
    assert metrics["run"]["images_per_s"] > 0
    read = start(folder, "-c", READ)
    assert read.stdout.split() == ["2"], read.stderr


def test_a_task_of_the_working_directory_is_done(folder: Path) -> None:
    ran = run(folder, *DATASET, "task=custom", "task.target=my_package.options.count_images")
    assert ran.returncode == 0, ran.stderr
    assert (folder / "run/count.txt").read_text() == "60"


def test_an_unknown_target_is_refused_before_any_work(folder: Path) -> None:
    ran = run(folder, "model=custom", "model.target=my_package.options.Nett")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "astroclf: model.target=my_package.options.Nett: my_package.options has no Nett. "
        "Did you mean my_package.options.Net?\n"
    )
    assert not (folder / "run").exists()


def test_a_bundle_without_its_package_is_refused_in_one_sentence(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert run(folder, "trainer=smoke", *MODEL, *DATASET).returncode == 0
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "run").rename(elsewhere / "run")
    read = start(elsewhere, "-c", READ)
    assert "my_package.options cannot be imported (No module named 'my_package')" in read.stderr
