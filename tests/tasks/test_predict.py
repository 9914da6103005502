from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from astroclf.errors import UserError
from astroclf.files import read_csv
from astroclf.settings import Settings
from conftest import ROOT, Ran

Run = Callable[..., Path]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of dark and light images, 30 each."""
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for label, brightness in (("dark", 60), ("light", 190)):
        for number in range(30):
            file = root / label / f"{label}-{number:02d}.png"
            file.parent.mkdir(exist_ok=True)
            pixels = rng.integers(brightness - 50, brightness + 50, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(file)
    return root


@pytest.fixture(scope="module")
def model(train_run: Run, images: Path) -> Path:
    """Return the folder of a run on these images."""
    return train_run(
        "dataset=image_folder", f"dataset.root={images}", "dataset.image_px=16",
        "trainer.epochs=2", "evaluation.bootstrap_resamples=0", "model.widths=[4,4]",
        "model.hidden_units=[8]",
    )  # fmt: skip


@pytest.fixture
def predict(train_run: Run, model: Path) -> Run:
    """predict(*overrides): the folder of predictions of the model."""
    return lambda *overrides: train_run("task=predict", f"model_from={model}", *overrides)


def test_rows_equal_those_of_the_model(predict: Run, model: Path, images: Path) -> None:
    rows = read_csv(predict(f"predict.input={images}", "predict.batch_size=7") / "predictions.csv")
    trained = {Path(row["id"]).stem: row for row in read_csv(model / "predictions.csv")}
    assert len(rows) == 60
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
    same = [row for row in rows if row["id"] in trained]
    assert len(same) >= 10
    for row in same:
        assert row["label"] == trained[row["id"]]["label"]
        assert float(row["p_light"]) == pytest.approx(
            float(trained[row["id"]]["p_light"]), abs=1e-4
        )
        assert float(row["confidence"]) == float(row[f"p_{row['label']}"])


def test_a_bad_file_has_a_reason_and_the_others_are_predicted(predict: Run, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "b.png")
    (tmp_path / "a.png").write_bytes(b"no image")
    rows = read_csv(predict(f"predict.input={tmp_path}") / "predictions.csv")
    assert [bool(row["reason"]) for row in rows] == [True, False]
    assert rows[0]["label"] == rows[0]["p_dark"] == rows[0]["confidence"] == ""


def test_a_missing_input_is_refused(predict: Run) -> None:
    with pytest.raises(UserError, match=r"predict\.input is not set\. Give a folder"):
        predict()


@pytest.fixture
def start(
    tmp_path: Path, model: Path, images: Path
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """start(): the process of a prediction in the folder `out`, slow enough to be killed."""
    command = [
        sys.executable, str(ROOT / "run.py"), "task=predict", "tracking=none", "trainer.device=cpu",
        f"model_from={model}", f"predict.input={images}", "predict.batch_size=2", "hydra.run.dir=out",
    ]  # fmt: skip
    (tmp_path / "sitecustomize.py").write_text(
        "import time\n"
        "import astroclf.tasks.prediction.loop as loop\n"
        "loop.CHUNK_ROWS, predict = 6, loop.predict_block\n"
        "def slow(model, block, columns):\n"
        "    time.sleep(0.1)\n"
        "    return predict(model, block, columns)\n"
        "loop.predict_block = slow\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", str(ROOT / "src"))])
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_is_resumed_without_a_row_twice_or_missing(
    tmp_path: Path,
    start: Callable[[], subprocess.Popen[str]],
    run_process: Callable[..., Ran],
    images: Path,
    number: signal.Signals,
) -> None:
    rows = tmp_path / "out/predict/rows.csv"
    process = start()
    while process.poll() is None and not (rows.exists() and rows.stat().st_size > 1000):
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate()
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), out
    if number == signal.SIGINT:
        assert "of 60 images). Resume with:" in out
    assert not (tmp_path / "out/predictions.csv").exists()
    assert 6 <= len(read_csv(rows)) < 60
    with rows.open("ab") as stream:
        stream.write(b"half a row that was writ")
    resumed = run_process("resume=out")
    assert resumed.code == 0, resumed.err
    ids = [row["id"] for row in read_csv(tmp_path / "out/predictions.csv")]
    assert ids == sorted(path.stem for path in images.rglob("*.png"))


def test_a_run_is_not_resumed_with_another_input(
    tmp_path: Path,
    start: Callable[[], subprocess.Popen[str]],
    run_process: Callable[..., Ran],
    model: Path,
    images: Path,
) -> None:
    process = start()
    process.communicate()
    base = ("task=predict", "tracking=none", f"model_from={model}", "hydra.run.dir=out")
    same = run_process(*base, f"predict.input={images}", "trainer.device=cpu")
    assert same.code == 0
    assert "predictions.csv is complete: 60 rows" in same.out
    other = run_process(*base, f"predict.input={images / 'dark'}", "trainer.device=cpu")
    assert other.code == 2
    assert "out holds 60 of 60 predictions that were made before predict.input=" in other.err


def test_the_contact_sheet_and_parquet_are_written(
    predict: Run, images: Path, read_page: Callable[[Path], object]
) -> None:
    folder = predict(f"predict.input={images}", "predict.format=parquet")
    assert not (folder / "predictions.csv").exists()
    table = parquet.read_table(folder / "predictions.parquet").to_pydict()
    assert len(table["id"]) == 60
    assert table["reason"] == [""] * 60
    assert min(table["confidence"]) >= 0.5
    read_page(folder / "contact_sheet.html")


def test_an_input_without_a_usable_image_is_refused(predict: Run, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((16, 16), np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(
        UserError, match=r"its image cannot be used: 16-bit values, not 8-bit \(1\)\. Give 8-bit"
    ):
        predict(f"predict.input={tmp_path}")


def test_models_of_other_answers_write_no_submission(predict: Run, images: Path) -> None:
    with pytest.raises(UserError, match=r"predict\.format=galaxy_zoo is for models of the 37"):
        predict(f"predict.input={images}", "predict.format=galaxy_zoo")


def test_after_a_full_disk_the_run_is_resumed(
    small_disk: Path, settings: Callable[..., Settings], model: Path, images: Path
) -> None:
    def run() -> None:
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

        overrides = ("task=predict", f"model_from={model}", f"predict.input={images}")
        run_task(open_run(settings(*overrides), small_disk / "out"))

    (small_disk / "out").mkdir()
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 16384))
    with pytest.raises(
        UserError, match=r"the disk is full\. Free some space, then go on .*resume="
    ):
        run()
    filler.unlink()
    run()
    assert len(read_csv(small_disk / "out/predictions.csv")) == 60
