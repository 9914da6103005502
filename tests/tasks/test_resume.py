"""Resume is bit-exact on the CPU; a run is repeated from the settings in its folder."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from astroclf.errors import UserError
from astroclf.runs.checkpoint import read_checkpoint
from astroclf.runs.folder import RunFolder
from astroclf.runs.settings import write_settings
from astroclf.tasks.resume import rerun_config, resumed_config
from fixtures.checkpoints import read_content, write_content

ROOT = Path(__file__).parents[2]
# Dropout, batch norm, momentum and a schedule with warm-up: everything that has a state.
TINY = (
    "dataset.n_images=64",
    "dataset.image_px=16",
    "model.widths=[4]",
    "model.hidden_units=[8]",
    "evaluation.bootstrap_resamples=0",
    "trainer.batch_size=8",
)


def read_rows(folder: Path) -> list[dict[str, str]]:
    """history.csv without the times, which no two runs share."""
    with (folder / "history.csv").open(newline="") as stream:
        return [
            {name: value for name, value in row.items() if not name.endswith("_s")}
            for row in csv.DictReader(stream)
        ]


def assert_same_run(found: Path, expected: Path) -> None:
    assert read_rows(found) == read_rows(expected)
    assert (found / "predictions.csv").read_bytes() == (expected / "predictions.csv").read_bytes()
    best, wanted = (load_file(run / "bundle/weights.safetensors") for run in (found, expected))
    assert best.keys() == wanted.keys()
    assert all(torch.equal(best[name], wanted[name]) for name in wanted)
    last, wanted_last = (read_checkpoint(RunFolder(run)).learner for run in (found, expected))
    assert all(torch.equal(last.network[name], wanted_last.network[name]) for name in last.network)
    assert last.schedule == wanted_last.schedule


LORA = ("finetune=lora", "finetune.rank=2")


def run_facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "metrics.json").read_text())["run"]
    return facts


CASES = {
    "cosine": ("scheduler=cosine", "optimizer=adamw"),
    "onecycle": ("scheduler=onecycle", "optimizer=sgd", "augment=sky"),
    "plateau": ("scheduler=plateau", "scheduler.patience=0", "optimizer=timm"),
    "accumulate": ("trainer.accumulate_batches=2", "trainer.grad_clip_norm=0.1"),
    "averaged weights": ("trainer.ema_decay=0.9",),
    "stage by stage": ("finetune.unfreeze_epochs=1", "finetune.layer_decay=0.5"),
    "adapters": (*LORA, "finetune.dropout=0.2"),
    "adapters, norms and biases": (
        *LORA,
        "finetune.train_norms=true",
        "finetune.train_biases=true",
    ),
    "cached features": ("finetune=classifier", "trainer.channels_last=true"),
    "a frozen backbone": ("finetune=classifier", "augment=sky"),
    "balanced and mixed": ("trainer.sampler=balanced", "trainer.mixup=0.2", "trainer.cutmix=1"),
    "balanced features": (
        *("finetune=classifier", "trainer.sampler=balanced"),
        *("trainer.sampler_epoch=over", "augment=dihedral"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_resume_is_bit_exact(
    stopped_run: Any,
    train_run: Callable[..., Path],
    case: str,
) -> None:
    overrides = ("trainer.epochs=4", *CASES[case])
    whole = train_run(*TINY, *overrides)
    stopped = stopped_run(*TINY, *overrides)
    stopped.stop_at(8)
    torch.rand(100)  # another process would have other random numbers
    stopped.resume()
    assert_same_run(stopped.folder, whole)


@pytest.mark.parametrize("step", [1, 6, 12])
def test_resume_is_bit_exact_after_any_step(
    stopped_run: Any,
    train_run: Callable[..., Path],
    step: int,
) -> None:
    """In the first step, at the end of an epoch, and at the end of all."""
    whole = train_run(*TINY)
    stopped = stopped_run(*TINY)
    stopped.stop_at(step)
    stopped.resume()
    assert_same_run(stopped.folder, whole)


def test_resume_is_bit_exact_after_two_interruptions(
    stopped_run: Any, train_run: Callable[..., Path]
) -> None:
    whole = train_run(*TINY, "trainer.epochs=3")
    stopped = stopped_run(*TINY, "trainer.epochs=3")
    stopped.stop_at(4)
    stopped.stop_at(5, resumes=True)
    stopped.resume()
    assert_same_run(stopped.folder, whole)


def test_finished_run_is_continued_with_more_epochs(
    stopped_run: Any, train_run: Callable[..., Path]
) -> None:
    """With a rate that does not depend on their number, it is the longer run."""
    whole = train_run(*TINY, "trainer.epochs=3", "scheduler=none")
    short = stopped_run(*TINY, "trainer.epochs=1", "scheduler=none")
    short.run(short.config)
    assert run_facts(short.folder)["test_evaluations"] == 1
    short.resume(epochs=3)
    assert_same_run(short.folder, whole)
    facts = run_facts(short.folder)
    assert facts["test_evaluations"] == 2
    assert any("test split was evaluated 2 times" in warning for warning in facts["warnings"])


def test_resume_of_full_training_needs_no_initial_weights(
    stopped_run: Any,
    train_run: Callable[..., Path],
    tmp_path: Path,
) -> None:
    shutil.copytree(train_run(*TINY, "trainer.epochs=1") / "bundle", tmp_path / "bundle")
    overrides = (*TINY, f"model.weights={tmp_path / 'bundle'}")
    whole, stopped = train_run(*overrides), stopped_run(*overrides)
    stopped.stop_at(3)
    shutil.rmtree(tmp_path / "bundle")
    stopped.resume()
    assert_same_run(stopped.folder, whole)


def test_resume_with_other_data_is_refused(stopped_run: Any) -> None:
    stopped = stopped_run(*TINY)
    stopped.stop_at(3)
    stopped.config["dataset"]["seed"] = 1
    with pytest.raises(UserError, match="images, labels or splits have changed"):
        stopped.resume()


class Command:
    """`python run.py` in a process of its own."""

    def __init__(self, overrides: list[str], folder: Path) -> None:
        self.overrides = overrides
        self.folder = folder

    def start(self, *overrides: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *overrides],
            cwd=self.folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop_after(self, rows: int, number: signal.Signals) -> tuple[int, str]:
        """Send a signal once history.csv has so many rows; returns exit code and output."""
        process = self.start(*self.overrides, f"hydra.run.dir={self.folder}")
        history, give_up_s = self.folder / "history.csv", time.monotonic() + 60
        while not (history.is_file() and history.read_text().count("\n") > rows):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < give_up_s
            time.sleep(0.002)
        process.send_signal(number)
        said = process.communicate(timeout=60)[0]
        return process.returncode, said

    def resume(self, *overrides: str) -> tuple[int, str]:
        process = self.start(f"resume={self.folder}", *overrides)
        said = process.communicate(timeout=120)[0]
        return process.returncode, said


# Long enough that there is time to stop it.
LONG = ("trainer.epochs=20", "trainer.batch_size=4")


@pytest.fixture
def command(small_overrides: Callable[..., list[str]], tmp_path: Path) -> Command:
    return Command(small_overrides(*TINY, *LONG), tmp_path / "stopped")


@pytest.fixture(scope="module")
def whole(train_run: Callable[..., Path]) -> Path:
    return train_run(*TINY, *LONG)


def test_resume_is_bit_exact_after_sigkill(command: Command, whole: Path) -> None:
    code, _ = command.stop_after(2, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert len(read_rows(command.folder)) < 20
    assert not (command.folder / "predictions.csv").exists()
    record = (command.folder / ".hydra/overrides.yaml").read_text()
    code, said = command.resume()
    assert code == 0, said
    assert_same_run(command.folder, whole)
    assert (command.folder / ".hydra/overrides.yaml").read_text() == record


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_interrupted_run_prints_the_command_that_resumes_it(
    command: Command, number: signal.Signals
) -> None:
    code, said = command.stop_after(1, number)
    assert code == 128 + number, said
    assert f"{number.name}: finishing this step" in said
    assert f"Interrupted by {number.name} (epoch " in said
    assert f"Resume with: python run.py resume={command.folder.name}" in said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_resume_is_bit_exact_after_a_signal(
    command: Command, whole: Path, number: signal.Signals
) -> None:
    command.stop_after(2, number)
    code, said = command.resume()
    assert code == 0, said
    assert_same_run(command.folder, whole)


@pytest.mark.parametrize("override", ["optimizer.lr=1", "model=resnet34", "seed=3", "loss=focal"])
def test_settings_of_a_resumed_run_cannot_be_changed(override: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"{override.split('=')[0]}: cannot be changed"):
        resumed_config({"resume": str(tmp_path)}, [f"resume={tmp_path}", override])


def test_refused_change_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    folder.mkdir()
    code, said = Command([], folder).resume("optimizer.lr=1")
    assert code == 2
    assert said.startswith("astroclf: optimizer.lr: cannot be changed when a run is resumed")
    assert said.count("\n") == 1
    assert not list(folder.iterdir()), "a folder that is no run is not written to"


def test_epochs_device_threads_and_tracking_can_be_changed(config: Any, stopped_run: Any) -> None:
    stopped = stopped_run(*TINY, "tracking=mlflow")
    stopped.config["tracking"] = {"name": "none"}
    stopped.stop_at(2)
    given = ["trainer.epochs=7", "trainer.device=cpu", "trainer.threads=2", "tracking=mlflow"]
    fresh, overrides = config(*given, "seed=5"), ["resume=x", *given]
    found = resumed_config({**fresh, "resume": str(stopped.folder)}, overrides)
    assert found["trainer"]["epochs"] == 7
    assert found["trainer"]["threads"] == 2
    assert found["tracking"]["name"] == "mlflow"
    assert found["seed"] == 0, "as it was stored"
    assert found["model"] == stopped.config["model"]


def test_run_is_repeated_from_its_folder_alone(
    run_here: Callable[..., Any], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    given = small_overrides(*TINY, "optimizer=sgd", "augment=sky", "trainer.epochs=1")
    assert run_here(*given, "hydra.run.dir=first").code == 0
    ran = run_here("rerun=first", "hydra.run.dir=second")
    assert ran.code == 0
    assert_same_run(tmp_path / "second", tmp_path / "first")
    ran = run_here("rerun=second", "hydra.run.dir=third", "trainer.epochs=2", "augment=none")
    assert ran.code == 0
    assert len(read_rows(tmp_path / "third")) == 2
    stored = json.loads((tmp_path / "third/settings.json").read_text())
    assert (stored["optimizer"]["name"], stored["augment"]["name"]) == ("sgd", "none")


def test_rerun_takes_options_with_their_values_and_keys_on_top(
    config: Any, settings: Any, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    write_settings(folder, settings("model.widths=[4]", "optimizer=sgd", "optimizer.lr=0.5"))
    overrides = ["rerun=x", "+optimizer.momentum=0.8", "model=galaxy_cnn", "seed=3"]
    composed = {**config("model=galaxy_cnn", "seed=3"), "rerun": str(tmp_path)}
    composed["optimizer"]["momentum"] = 0.8
    found = rerun_config(composed, overrides)
    assert found["model"] == composed["model"]
    assert found["optimizer"]["name"] == "sgd"
    assert (found["optimizer"]["lr"], found["optimizer"]["momentum"]) == (0.5, 0.8)
    assert found["seed"] == 3
    assert found["trainer"]["batch_size"] == 16


@pytest.mark.parametrize(
    ("config", "overrides", "reason"),
    [
        ({}, [], r"there is no .*settings\.json\. Give the folder of a run"),
        ({}, ["experiment=best"], "a recipe would replace the settings"),
        ({"resume": "x"}, [], "a run is either resumed or run again"),
    ],
)
def test_rerun_that_cannot_be_done_is_refused(
    tmp_path: Path, config: dict[str, str], overrides: list[str], reason: str
) -> None:
    with pytest.raises(UserError, match=f"rerun=.*{reason}"):
        rerun_config({**config, "rerun": str(tmp_path)}, overrides)


def test_resume_with_other_threads_is_warned_of_and_recorded(
    stopped_run: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # nothing to restore
    stopped = stopped_run(*TINY)
    stopped.stop_at(2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    stopped.resume(threads=2)
    assert "the number of CPU threads was 1 and is now 2" in caplog.text
    metrics = json.loads((stopped.folder / "metrics.json").read_text())
    assert metrics["run"]["threads"] == [1, 2]


@pytest.mark.parametrize("spoil", ["cut short", "gone"])
def test_damaged_or_missing_checkpoint_is_refused(stopped_run: Any, spoil: str) -> None:
    stopped = stopped_run(*TINY)
    stopped.stop_at(2)
    path = RunFolder(stopped.folder).checkpoint
    if spoil == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"resume=.*last\.pt"):
        stopped.resume()


@pytest.mark.parametrize(
    "alter",
    [
        lambda content: content["learner"]["optimizer"].clear(),
        lambda content: content["learner"]["schedule"].clear(),
        lambda content: content["learner"]["network"].popitem(),
        lambda content: content["best"].update({"extra": torch.zeros(1)}),
        lambda content: content["random_states"].update(cpu=torch.zeros(3, dtype=torch.uint8)),
    ],
    ids=["optimizer", "schedule", "network", "best", "random_states"],
)
def test_state_of_another_model_is_refused_in_one_line(
    stopped_run: Any, alter: Callable[[Any], Any]
) -> None:
    stopped = stopped_run(*TINY)
    stopped.stop_at(2)
    content = read_content(stopped.folder)
    alter(content)
    write_content(stopped.folder, content)
    with pytest.raises(UserError, match="The checkpoint does not fit the model of this run") as no:
        stopped.resume()
    assert "\n" not in str(no.value)


# --- a soak ---------------------------------------------------------------------------------------

KILLS = int(os.environ.get("ASTROCLF_SOAK_KILLS", "60"))
LONGEST_S = float(os.environ.get("ASTROCLF_SOAK_LONGEST_S", "8"))  # that a run is left alone


@pytest.mark.slow
def test_signals_at_random_moments_change_nothing(
    command: Command, whole: Path, tmp_path: Path
) -> None:
    """ASTROCLF_SOAK_KILLS signals at any moment of the start, the epochs, the evaluation, the report."""
    rng = random.Random(0)
    signals = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    sent = finished = 0
    while sent < KILLS or finished == 0:
        command.folder = tmp_path / f"run-{finished}"
        if (command.folder / "checkpoint/last.pt").is_file():
            process = command.start(f"resume={command.folder}")
        else:
            process = command.start(*command.overrides, f"hydra.run.dir={command.folder}")
        number = rng.choice(signals)
        try:
            # The last run is left alone, so that there is one to compare.
            said, _ = process.communicate(
                timeout=rng.uniform(0, LONGEST_S) if sent < KILLS else 300
            )
        except subprocess.TimeoutExpired:
            sent += 1
            process.send_signal(number)
            said, _ = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        assert process.returncode in (0, -number, 128 + number), said
        if process.returncode == 0:
            assert_same_run(command.folder, whole)
            finished += 1
