"""Behavior of the command line: exit codes, one sentence for bad input, and the folders of results."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import Interrupted

ROOT = Path(__file__).parents[1]

SHORT = (
    "model.widths=[4,4]", "model.hidden_units=[8]", "dataset.image_px=16", "trainer.epochs=1",
    "trainer.batch_size=8", "evaluation.bootstrap_resamples=0",
)  # fmt: skip


# --- a wrong setting ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "trainer.epochs=0",
            "trainer.epochs=0: should be greater than or equal to 1.",
        ),
        (
            "loss=mse",
            "loss=mse: needs vote fractions, but the dataset has classes. "
            "Choose loss=ce or loss=bce or loss=focal or loss=custom.",
        ),
        (
            "loss.name=cee",
            "loss.name=cee: unknown. Choose one of bce, ce, custom, dirichlet_multinomial, focal, mse, multinomial. Did you mean ce?",
        ),
    ],
)
def test_a_wrong_setting_ends_with_its_sentence(
    run_process: Callable[..., Any], override: str, sentence: str
) -> None:
    ran = run_process(override)
    assert ran == (2, "", f"astroclf: {sentence}\n")


def test_a_wrong_setting_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", str(ROOT / "run.py"), "loss=mse"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    imported = set(re.findall(r"\| +(\w+)\n", ran.stderr))
    assert "pydantic" in imported
    assert not imported & {
        "torch",
        "mlflow",
        "sklearn",
        "timm",
        "pandas",
        "matplotlib",
        "cv2",
        "PIL",
    }


def test_hydra_full_error_shows_the_traceback(run_process: Callable[..., Any]) -> None:
    ran = run_process("loss=mse", full_error=True)
    assert ran.code == 1
    assert "Traceback (most recent call last)" in ran.err
    assert "UserError: loss=mse: needs vote fractions" in ran.err


@pytest.mark.parametrize(
    "wrong",
    [
        "optimizer.lr=intervall(1,2)",
        "optimizer.lr=tag(log, interval(1e-4,1)",
        "trainer.epochs=[1,2",
    ],
)
def test_an_unparsable_override_is_refused_in_one_sentence(
    run_here: Callable[..., Any], tmp_path: Path, wrong: str
) -> None:
    ran = run_here("-m", "hydra/sweeper=optuna", wrong)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"astroclf: {wrong} cannot be read. Write a value, ")
    assert ran.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_text_in_quotes_can_hold_anything(run_here: Callable[..., Any]) -> None:
    ran = run_here("dataset=image_folder", "dataset.root='a (b) = c, d'", "tracking=none")
    assert ran.err.startswith("astroclf: dataset.root: a (b) = c, d cannot be read as a folder (")


# --- overrides that cannot be composed ------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["trainer.epoch=3"],
            "trainer.epoch=3: there is no such setting; did you mean trainer.epochs?",
        ),
        (["lr=3e-3"], "lr=3e-3: there is no such setting; write optimizer.lr=3e-3."),
        (
            ["dataset.root=x"],
            "dataset.root=x: this setting belongs to dataset=galaxy_zoo or dataset=image_folder or dataset=sdss_frames. Add one of them.",
        ),
        (
            ["-m", "trainer.epoch=3,4"],
            "trainer.epoch=3,4: there is no such setting; did you mean trainer.epochs?",
        ),
        (
            ["task=explain"],
            "task=explain: there is no such task; choose one of benchmark, compare, crossval, custom, evaluate, export, inspect, predict, prepare, sync, train.",
        ),
        (
            ["hydra.sweeper.n_trials=3"],
            "hydra.sweeper.n_trials=3: this is a setting of the search. Add -m hydra/sweeper=optuna.",
        ),
    ],
)
def test_an_override_that_hydra_cannot_compose_is_one_sentence(
    run_here: Callable[..., Any], tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    assert run_here(*arguments) == (2, "", f"astroclf: {sentence}\n")
    assert not list(tmp_path.glob("outputs/2*"))


def test_version(run_here: Callable[..., Any]) -> None:
    ran = run_here("--version")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"astroclf \d+\.\d+\.\d+\n", ran.out)


def test_bad_images_end_a_run_with_one_sentence(
    run_here: Callable[..., Any], tmp_path: Path
) -> None:
    root = tmp_path / "nowhere"
    ran = run_here("dataset=image_folder", f"dataset.root={root}", "tracking=none")
    assert ran.code == 2
    assert ran.err.startswith(f"astroclf: dataset.root: {root} cannot be read as a folder (")
    assert ran.err.count("\n") == 1


# --- results, and jobs of a multirun ---------------------------------------------------------------


def test_two_seeds_have_folders_beside_each_other(
    run_here: Callable[..., Any], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    ran = run_here("-m", "seed=0,1", *small_overrides(*SHORT))
    assert ran.code == 0
    (sweep,) = (tmp_path / "outputs/sweeps").glob("*/*")
    for number in ("0", "1"):
        metrics = json.loads((sweep / number / "metrics.json").read_text())
        assert metrics["run"]["seed"] == int(number)
        assert (sweep / number / "report.html").is_file()
        assert f"seed={number}" in (sweep / number / ".hydra/overrides.yaml").read_text()
    assert (sweep / "multirun.yaml").is_file()
    assert len((sweep / "jobs.csv").read_text().splitlines()) == 3
    assert (sweep / "jobs.html").is_file()


def test_resume_continues_a_run_in_its_folder(
    run_here: Callable[..., Any], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    assert run_here("hydra.run.dir=run", *small_overrides(*SHORT)).code == 0
    first = (tmp_path / "run/history.csv").read_text()
    ran = run_here("resume=run", "trainer.epochs=2")
    assert ran.code == 0, ran.err
    history = (tmp_path / "run/history.csv").read_text()
    assert history.startswith(first)
    assert len(history.splitlines()) == 3


def test_a_run_writes_nothing_but_its_folder(
    run_here: Callable[..., Any], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    ran = run_here(*small_overrides(*SHORT))
    assert (ran.code, ran.err) == (0, "")
    (folder,) = (tmp_path / "outputs").glob("*/*")
    assert re.search(r"^report +outputs/\S+/report.html$", ran.out, re.MULTILINE)
    assert [each.name for each in tmp_path.iterdir()] == ["outputs"]
    assert {each.name for each in folder.iterdir()} == {
        ".hydra", ".lock", "bundle", "checkpoint", "figures", "history.csv", "metrics.json", "mlflow.json",
        "predictions.csv", "report.html", "run.log", "settings.json", "split.csv",
    }  # fmt: skip
    assert "val (used for model selection)" in (folder / "run.log").read_text()


def test_a_job_that_fails_does_not_end_the_others(
    run_here: Callable[..., Any], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    rates = "optimizer.lr=-1,1e-3,1e30"
    ran = run_here("-m", rates, "optimizer=sgd", "scheduler=none", *small_overrides(*SHORT))
    assert ran.code == 2
    first, second, last = ran.err.splitlines()
    assert first.startswith("astroclf: job #0: optimizer.lr=-1: should be")
    assert second.startswith("astroclf: job #2: The loss became ")
    assert last.startswith("astroclf: 2 of 3 jobs failed: #0 (optimizer.lr=-1 ")
    (sweep,) = (tmp_path / "outputs/sweeps").glob("*/*")
    assert (sweep / "1/report.html").is_file()


@pytest.mark.slow
def test_a_job_that_fails_in_a_worker_does_not_end_the_others(
    run_process: Callable[..., Any], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    chosen = ("-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "optimizer.lr=-1,1e-3")
    ran = run_process(*chosen, *small_overrides(*SHORT))
    assert ran.code == 2, ran.err
    assert "astroclf: job #0: optimizer.lr=-1: should be" in ran.err
    assert "astroclf: 1 of 2 jobs failed: #0 (optimizer.lr=-1 " in ran.err
    assert "Traceback" not in ran.err
    (sweep,) = (tmp_path / "outputs/sweeps").glob("*/*")
    assert (sweep / "1/report.html").is_file()


def test_jobs_cannot_share_a_folder(run_here: Callable[..., Any], tmp_path: Path) -> None:
    ran = run_here("-m", "seed=1,2", "hydra.sweep.dir=sweep", "hydra.sweep.subdir=x")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: hydra.sweep.subdir gives jobs #0 and #1 the same folder")
    (tmp_path / "sweep/0").mkdir()
    (tmp_path / "sweep/0/metrics.json").touch()
    ran = run_here("-m", "seed=1,2", "hydra.sweep.dir=sweep")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: job #0: sweep/0 holds results already (metrics.json).")


# --- faults of the machine ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device", "one/x"), "one/x cannot be written: No space left"),
        (PermissionError(13, "Permission denied", "x.csv"), "x.csv: Permission denied. Give the"),
        (
            MemoryError("Unable to allocate 9 TiB"),
            "Out of memory (Unable to allocate 9 TiB). Lower",
        ),
    ],
)
def test_a_fault_of_the_machine_is_one_sentence(
    run_here: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    sentence: str,
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise error

    monkeypatch.setattr("astroclf.tasks.task.run_task", fail)
    ran = run_here()
    assert ran.code == 2
    assert ran.err.startswith(f"astroclf: {sentence}")
    assert ran.err.count("\n") == 1


def test_a_defect_shows_its_traceback(
    run_here: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("astroclf.tasks.task.run_task", fail)
    ran = run_here()
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err


def test_a_library_broken_by_a_signal_is_an_interruption(
    run_here: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Interrupted:
            raise RecursionError("half imported") from None

    monkeypatch.setattr("astroclf.tasks.task.run_task", fail)
    ran = run_here()
    assert ran.code == 128 + signal.SIGTERM
    assert "Traceback" not in ran.err


def test_sync_is_refused_before_pytorch_is_imported(
    run_here: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    ran = run_here("task=sync", "task.folders=runs")
    assert ran.code == 2
    assert "task.folders=" in ran.err
    assert "no run is recorded there" in ran.err
    assert "PyTorch" not in ran.out


def test_the_record_of_a_multirun_holds_no_password(
    run_here: Callable[..., Any], tmp_path: Path
) -> None:
    secret = "tracking.uri='http://bob:s3cret@127.0.0.1:9'"
    assert run_here("-m", "task=sync", "task.folders=missing", secret, "seed=1,2").code != 0
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"multirun.yaml", "overrides.yaml"}
    assert not [file for file in files if b"s3cret" in file.read_bytes()]
