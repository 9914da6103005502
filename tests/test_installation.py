from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from astroclf import installation
from astroclf.installation import program
from astroclf.provenance import command_line
from astroclf.runs.folder import TRACKED_RUN

ROOT = Path(__file__).parents[1]
SMALL = ("trainer=smoke", "dataset.n_images=64", "tracking=mlflow")
SOURCES = ("src", "conf", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


@pytest.mark.parametrize(
    ("argument", "command"),
    [
        ("run.py", "python run.py"),
        ("/home/a/astroclf/run.py", "python run.py"),
        ("/home/a/.venv/bin/astroclf", "astroclf"),
        ("ipykernel_launcher.py", "python run.py"),
    ],
)
def test_program_is_the_command_that_was_typed(
    monkeypatch: pytest.MonkeyPatch, argument: str, command: str
) -> None:
    monkeypatch.setattr(sys, "argv", [argument, "seed=1"])
    assert program() == command


def test_an_installed_package_in_another_program_names_the_console_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    assert command_line() == ""
    monkeypatch.setattr(installation, "CONF", installation.PACKAGED_CONF)
    assert program() == "astroclf"


def test_conf_of_the_repository_is_used_where_the_package_has_none() -> None:
    assert ROOT / "conf" == installation.CONF


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with the wheel, and this one's other packages."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "source").mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "--quiet"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, folder / "source"]
    subprocess.run(wheel, check=True)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    paths = {"base": str(environment), "platbase": str(environment)}
    packages, programs = (
        Path(sysconfig.get_path(name, "venv", paths)) for name in ("purelib", "scripts")
    )
    (packages / "_others.pth").write_text(sysconfig.get_path("purelib"))
    (built,) = folder.glob("*.whl")
    python = programs / "python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", built], check=True)
    shutil.rmtree(folder / "source")
    return programs


def run_installed(program: Path, folder: Path, *arguments: str) -> str:
    """Run an installed program in a folder; return its output."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.slow
def test_an_installed_wheel_trains_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    run_installed(installed / "astroclf", tmp_path, *SMALL)
    assert {path.name for path in tmp_path.iterdir()} >= {"outputs", "mlflow.db"}
    (report,) = tmp_path.glob("outputs/*/*/report.html")
    assert f'"command": "astroclf {shlex.join(SMALL)}"' in report.with_name(TRACKED_RUN).read_text()


@pytest.mark.slow
def test_an_installed_wheel_has_its_settings_sweeper_and_types(
    installed: Path, tmp_path: Path
) -> None:
    assert "astroclf --cfg job " in run_installed(installed / "astroclf", tmp_path, "--help")
    arguments = ("--cfg", "hydra", "-p", "hydra.sweeper", "hydra/sweeper=optuna")
    assert "n_trials" in run_installed(installed / "astroclf", tmp_path, *arguments)
    show = "import astroclf, pathlib; print(pathlib.Path(astroclf.__file__).parent)"
    package = Path(run_installed(installed / "python", tmp_path, "-c", show).strip())
    assert package.is_relative_to(installed.parent)
    assert (package / "py.typed").is_file()


EXAMPLE = """
import astroclf
run = astroclf.train("trainer=smoke", "tracking=none", "dataset.n_images=64")
sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
print(list(astroclf.load(run.folder).predict(sky)), astroclf.evaluate(run.folder, sky).metrics["mcc"])
"""


@pytest.mark.slow
def test_the_python_interface_of_an_installed_wheel_works_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    printed = run_installed(installed / "python", tmp_path, "-c", EXAMPLE)
    assert "['id', 'path', 'label', 'p_galaxy', 'p_star', " in printed
    assert "] value=" in printed
