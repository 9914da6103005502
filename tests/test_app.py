"""What a user sees of run.py: exit codes, one sentence for bad input, and where results lie."""

from __future__ import annotations

import csv
import json
import logging
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.errors import UserError
from astroclf.locks import try_lock

ROOT = Path(__file__).parents[1]

Run = Callable[..., Path]
SMALL_CNN = ("model.widths=[4,4]", "model.hidden_units=[8]")
SHORT = (
    *SMALL_CNN, "dataset.image_px=16", "trainer.epochs=1", "trainer.batch_size=8",
    "evaluation.bootstrap=0",
)  # fmt: skip


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def run_process(*arguments: str, folder: Path, full_error: bool = False) -> Ran:
    """run.py as a user starts it, in that folder; stderr without the imports, which follow `|`."""
    environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    if full_error:
        environment["HYDRA_FULL_ERROR"] = "1"
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ran]]:
    """run_here(*arguments): run.py in this process, in the test's own folder."""
    root, package = logging.getLogger(), logging.getLogger("astroclf")
    before = (list(root.handlers), root.level, package.level)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        capsys.readouterr()
        code: Any = 0
        try:
            runpy.run_path(str(ROOT / "run.py"), run_name="__main__")
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    yield run
    for handler in set(root.handlers) - set(before[0]):
        handler.close()
    root.handlers[:], level, package_level = before
    root.setLevel(level)
    package.setLevel(package_level)


def write_images(root: Path, folders: dict[str, int]) -> None:
    """That many images of noise in each folder, no two alike, named after their folder."""
    for seed, (folder, count) in enumerate(folders.items()):
        (root / folder).mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        for number in range(count):
            values = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            name = f"{folder.replace('/', '-')}-{number}.jpg"
            Image.fromarray(values).save(root / folder / name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of stars and galaxies: 12 for train, 6 for val."""
    folders = {f"{split}/{name}": 6 if split == "train" else 3 for split, name in SPLIT_CLASSES}
    write_images(tmp_path / "images", folders)
    return tmp_path / "images"


SPLIT_CLASSES = list(product(("train", "val"), ("galaxy", "star")))


@pytest.fixture
def table(root: Path) -> list[dict[str, str]]:
    """The rows of a table of the same images."""
    return [
        {
            "file": str(file.relative_to(root)),
            "class": file.parent.name,
            "objID": str(number),
            "set": file.parent.parent.name,
            "smooth": "0.25",
            "disk": "0.75",
        }
        for number, file in enumerate(sorted(root.rglob("*.jpg")))
    ]


def write_table(root: Path, rows: list[dict[str, str]]) -> str:
    with (root / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return f"dataset.table={root / 'labels.csv'}"


def refusal(train_run: Run, *overrides: str) -> str:
    with pytest.raises(UserError) as refused:
        train_run(*SHORT, *overrides)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# --- a wrong setting ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "trainer.epochs=0",
            "trainer.epochs=0 does not fit: it should be greater than or equal to 1.",
        ),
        (
            "loss=mse",
            "loss=mse needs vote fractions, and this dataset gives classes: "
            "choose loss=ce, bce or focal.",
        ),
        ("loss.name=cee", "loss.name=cee: choose one of bce, ce, focal, mse. Did you mean ce?"),
    ],
)
def test_a_wrong_setting_ends_with_its_sentence(
    tmp_path: Path, override: str, sentence: str
) -> None:
    ran = run_process(override, folder=tmp_path)
    assert ran == Ran(2, "", f"astroclf: {sentence}\n")


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


def test_the_traceback_is_there_for_who_asks(tmp_path: Path) -> None:
    ran = run_process("loss=mse", folder=tmp_path, full_error=True)
    assert ran.code == 1
    assert "Traceback (most recent call last)" in ran.err
    assert "UserError: loss=mse needs vote fractions" in ran.err


@pytest.mark.parametrize(
    "wrong",
    [
        "optimizer.lr=intervall(1,2)",
        "optimizer.lr=tag(log, interval(1e-4,1)",
        "trainer.epochs=[1,2",
    ],
)
def test_an_override_that_cannot_be_read_is_told_in_one_sentence(
    run_here: Callable[..., Ran], tmp_path: Path, wrong: str
) -> None:
    ran = run_here("-m", "hydra/sweeper=optuna", wrong)
    key = wrong.partition("=")[0]
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"astroclf: {wrong} cannot be read: after {key}= stands a value, ")
    assert ran.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_text_in_quotes_can_hold_anything(run_here: Callable[..., Ran]) -> None:
    ran = run_here("dataset=image_folder", "dataset.root='a (b) = c, d'", "tracking=none")
    assert ran.err == (
        "astroclf: dataset.root=a (b) = c, d is not a folder: give the one that holds the images.\n"
    )


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
            "dataset.root=x: this setting belongs to dataset=image_folder. Add dataset=image_folder.",
        ),
        (
            ["-m", "trainer.epoch=3,4"],
            "trainer.epoch=3,4: there is no such setting; did you mean trainer.epochs?",
        ),
        (
            ["task=predict"],
            "task=predict: there is no such task; choose one of benchmark, crossval, sync, train.",
        ),
        (
            ["hydra.sweeper.n_trials=3"],
            "hydra.sweeper.n_trials=3: this is a setting of the search. Add -m hydra/sweeper=optuna.",
        ),
    ],
)
def test_an_override_that_hydra_cannot_compose_is_one_sentence(
    run_here: Callable[..., Ran], tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    assert run_here(*arguments) == Ran(2, "", f"astroclf: {sentence}\n")
    assert not list(tmp_path.glob("outputs/2*"))


def test_version(run_here: Callable[..., Ran]) -> None:
    ran = run_here("--version")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"astroclf \d+\.\d+\.\d+\n", ran.out)


# --- images that will not do ----------------------------------------------------------------------


def test_bad_images_end_a_run_with_one_sentence(
    run_here: Callable[..., Ran], tmp_path: Path
) -> None:
    root = tmp_path / "nowhere"
    ran = run_here("dataset=image_folder", f"dataset.root={root}", "tracking=none")
    sentence = f"dataset.root={root} is not a folder: give the one that holds the images."
    assert (ran.code, ran.err) == (2, f"astroclf: {sentence}\n")


def test_a_root_that_is_missing_or_empty(train_run: Run, tmp_path: Path) -> None:
    folder = ("dataset=image_folder", f"dataset.root={tmp_path / 'images'}")
    assert "is not a folder" in refusal(train_run, *folder)
    (tmp_path / "images").mkdir()
    assert "holds no images: looked for train/<class>/" in refusal(train_run, *folder)


@pytest.mark.parametrize("task", ["train", "crossval", "benchmark"])
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("model.name=resnet35", "resnet35 is not a network that timm knows: near names are resnet"),
        ("model.weights=gone.pth", "model.weights=gone.pth: there is no such file."),
    ],
)
def test_a_wrong_network_is_told_before_images_are_looked_for(
    train_run: Run, tmp_path: Path, task: str, wrong: str, sentence: str
) -> None:
    nowhere = ("dataset=image_folder", f"dataset.root={tmp_path / 'nowhere'}")
    with pytest.raises(UserError, match=re.escape(sentence)):
        train_run(*nowhere, "model=resnet34", wrong, f"task={task}")


def test_a_class_without_images(train_run: Run, root: Path) -> None:
    (root / "train/quasar").mkdir()
    sentence = refusal(train_run, "dataset=image_folder", f"dataset.root={root}")
    assert sentence.startswith(f"Class folder train/quasar of dataset.root={root} holds no .jpg")


@pytest.mark.parametrize(
    ("folder", "wanted"),
    [
        ("train/quasar", "Class quasar has no image in val (3 galaxy, 0 quasar, 3 star)"),
        ("val/quasar", "is in val but not in train, which has galaxy, star"),
    ],
)
def test_a_class_in_one_split_only(train_run: Run, root: Path, folder: str, wanted: str) -> None:
    write_images(root, {folder: 2})
    assert wanted in refusal(train_run, "dataset=image_folder", f"dataset.root={root}")


def test_one_class_only(train_run: Run, tmp_path: Path) -> None:
    write_images(tmp_path / "images", {"train/star": 4, "val/star": 2})
    sentence = refusal(train_run, "dataset=image_folder", f"dataset.root={tmp_path / 'images'}")
    assert "has one class, star: there must be two" in sentence


BAD_FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda content: content[: len(content) // 2], "truncated"),
    "text": (
        lambda content: b"not a picture at all",
        "not a JPEG, PNG, TIFF, WebP, BMP or GIF image",
    ),
    "zero": (lambda content: b"", "empty file"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_picture_stops(train_run: Run, root: Path, kind: str) -> None:
    spoil, reason = BAD_FILES[kind]
    file = root / "train/star/train-star-2.jpg"
    file.write_bytes(spoil(file.read_bytes()))
    sentence = refusal(train_run, "dataset=image_folder", f"dataset.root={root}")
    assert sentence.startswith("1 of 18 images cannot be used: train/star/train-star-2.jpg (")
    assert reason in sentence
    assert "dataset.on_bad_image=skip" in sentence


def test_files_that_are_no_pictures_are_skipped(
    train_run: Run, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = [f"train/star/train-star-{number}.jpg" for number in range(3)]
    for name, (spoil, _) in zip(files, BAD_FILES.values(), strict=True):
        (root / name).write_bytes(spoil((root / name).read_bytes()))
    folder = train_run(
        *SHORT, "dataset=image_folder", f"dataset.root={root}", "dataset.on_bad_image=skip"
    )
    with (folder / "skipped.csv").open() as file:
        skipped = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    assert list(skipped) == files
    for reason, (_, wanted) in zip(skipped.values(), BAD_FILES.values(), strict=True):
        assert wanted in reason
    with (folder / "predictions.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 15
    assert "Files left out: 3, see skipped.csv." in caplog.text
    assert "Files left out: 3, see skipped.csv." in (folder / "report.html").read_text()


def test_fewer_images_than_a_batch_go_on_with_a_warning(
    train_run: Run, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = ("dataset=image_folder", f"dataset.root={root}", "trainer.batch_size=64")
    folder = train_run(*SHORT, *chosen)
    warning = (
        "train has 12 images, fewer than trainer.batch_size=64: every epoch is one batch of 12."
    )
    assert warning in caplog.text
    run = json.loads((folder / "metrics.json").read_text())["run"]
    assert warning in run["warnings"]
    assert run["epochs"] == 1


# --- tables that will not do ----------------------------------------------------------------------


def column(name: str, value: str) -> Callable[[list[dict[str, str]]], None]:
    """Puts the value into the third row."""
    return lambda rows: rows[2].update({name: value})


VOTES = ("dataset.label_column=null", "dataset.vote_columns=[smooth,disk]", "loss=mse")


@pytest.mark.parametrize(
    ("spoil", "overrides", "wanted"),
    [
        (
            column("file", "gone.jpg"),
            [],
            r"1 of 18 files of dataset\.table=\S+ are missing.*: gone",
        ),
        (column("objID", "1"), ["dataset.id_column=objID"], r"1 ids of dataset\.id_column .*: 1;"),
        (column("class", ""), [], r"dataset\.label_column=class is empty in 1 rows, rows 3 "),
        (
            column("disk", "1.5"),
            VOTES,
            r"fractions from 0 to 1: 1 rows do not, rows 3 .* 1\.5 in disk",
        ),
        (column("disk", "nan"), VOTES, r"fractions from 0 to 1: 1 rows do not, rows 3 "),
        (column("disk", "-0.1"), VOTES, r"the first has -0\.1 in disk"),
        (
            column("class", "star"),
            ["dataset.label_column=clas"],
            r"dataset\.label_column=clas is not a column of \S+, which has file, class, .*did you mean class\?",
        ),
        (
            lambda rows: [row.update({"class": "star"}) for row in rows],
            [],
            r"dataset\.label_column=class has one class, star",
        ),
    ],
    ids=["missing", "twice", "nan label", "vote", "nan vote", "negative", "unknown", "one class"],
)
def test_a_table_that_will_not_do(
    train_run: Run,
    root: Path,
    table: list[dict[str, str]],
    spoil: Callable[[list[dict[str, str]]], None],
    overrides: list[str],
    wanted: str,
) -> None:
    spoil(table)
    with pytest.raises(UserError, match=wanted) as refused:
        train_run(*SHORT, "dataset=catalog", write_table(root, table), *overrides)
    assert "\n" not in str(refused.value)


def test_a_class_in_one_split_of_a_table_only(
    train_run: Run, root: Path, table: list[dict[str, str]]
) -> None:
    for row in table:
        row["set"] = "train" if row["class"] == "star" else row["set"]
    chosen = ("dataset=catalog", write_table(root, table), "dataset.split_column=set")
    assert "Class star has no image in val (3 galaxy, 0 star)" in refusal(train_run, *chosen)


def test_a_column_of_the_evaluation_is_looked_for_before_the_training(
    train_run: Run, root: Path, table: list[dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    write_table(root, table)
    chosen = (f"evaluation.catalog={root / 'labels.csv'}", "evaluation.catalog_id=objID")
    sentence = refusal(
        train_run, "dataset=image_folder", f"dataset.root={root}", *chosen,
        "evaluation.bin_columns=[magnitude]",
    )  # fmt: skip
    assert "magnitude" in sentence
    assert "epoch" not in caplog.text


# --- several runs, and going on -------------------------------------------------------------------


def test_two_seeds_lie_side_by_side(
    run_here: Callable[..., Ran], small_overrides: Callable[..., list[str]], tmp_path: Path
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


def test_a_run_writes_nothing_but_its_folder(
    run_here: Callable[..., Ran], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    ran = run_here(*small_overrides(*SHORT))
    assert (ran.code, ran.err) == (0, "")
    (folder,) = (tmp_path / "outputs").glob("*/*")
    assert re.search(r"^report +outputs/\S+/report.html$", ran.out, re.MULTILINE)
    assert [each.name for each in tmp_path.iterdir()] == ["outputs"]
    assert {each.name for each in folder.iterdir()} == {
        ".hydra", ".lock", "bundle", "checkpoint", "history.csv", "metrics.json", "mlflow.json",
        "predictions.csv", "report.html", "run.log", "split.csv",
    }  # fmt: skip
    assert "val (chosen on)" in (folder / "run.log").read_text()


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["seed=3"],
            "seed cannot be changed when a run is resumed: it goes on with its own settings, and only "
            "trainer.epochs, trainer.device, trainer.threads, tracking may be given beside resume.",
        ),
        (
            [],
            "resume=gone: there is no gone/checkpoint/last.pt; "
            "give the folder of a run that has started to train.",
        ),
    ],
)
def test_a_resume_that_cannot_be_done(
    run_here: Callable[..., Ran], overrides: list[str], sentence: str
) -> None:
    assert run_here("resume=gone", *overrides) == Ran(2, "", f"astroclf: {sentence}\n")


def test_a_job_that_fails_does_not_end_the_others(
    run_here: Callable[..., Ran], small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    rates = "optimizer.lr=-1,1e-3,1e30"
    ran = run_here("-m", rates, "optimizer=sgd", "scheduler=none", *small_overrides(*SHORT))
    assert ran.code == 2
    first, second, last = ran.err.splitlines()
    assert first.startswith("astroclf: job #0: optimizer.lr=-1 does not fit")
    assert second.startswith("astroclf: job #2: The loss became ")
    assert last.startswith("astroclf: 2 of 3 jobs failed: #0 (optimizer.lr=-1 ")
    (sweep,) = (tmp_path / "outputs/sweeps").glob("*/*")
    assert (sweep / "1/report.html").is_file()


@pytest.mark.slow
def test_a_job_that_fails_in_a_worker_does_not_end_the_others(
    small_overrides: Callable[..., list[str]], tmp_path: Path
) -> None:
    chosen = ("-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "optimizer.lr=-1,1e-3")
    ran = run_process(*chosen, *small_overrides(*SHORT), folder=tmp_path)
    assert ran.code == 2, ran.err
    assert "astroclf: job #0: optimizer.lr=-1 does not fit" in ran.err
    assert "astroclf: 1 of 2 jobs failed: #0 (optimizer.lr=-1 " in ran.err
    assert "Traceback" not in ran.err
    (sweep,) = (tmp_path / "outputs/sweeps").glob("*/*")
    assert (sweep / "1/report.html").is_file()


def test_jobs_cannot_share_a_folder(run_here: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run_here("-m", "seed=1,2", "hydra.sweep.dir=sweep", "hydra.sweep.subdir=x")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: hydra.sweep.subdir gives jobs #0 and #1 the same folder")
    (tmp_path / "sweep/0").mkdir()
    (tmp_path / "sweep/0/metrics.json").touch()
    ran = run_here("-m", "seed=1,2", "hydra.sweep.dir=sweep")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: job #0: sweep/0 holds results already (metrics.json).")


def test_a_refused_run_leaves_no_folder(run_here: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run_here("optimizer.lr=-1")
    assert ran.code == 2
    assert not list((tmp_path / "outputs").glob("*/*"))


def test_a_folder_that_is_no_run_is_not_written_to(
    run_here: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    ran = run_here("resume=images")
    assert ran.code == 2
    assert not list((tmp_path / "images").iterdir())


# --- the folder of a run --------------------------------------------------------------------------


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def pretend_run(folder: Path) -> None:
    (folder / "checkpoint").mkdir(parents=True)
    (folder / "checkpoint/last.pt").touch()
    (folder / "metrics.json").touch()


@pytest.mark.parametrize("folder", [".", ".hydra", "there", "link", "new/er"])
def test_a_refused_run_removes_nothing_that_was_there(
    run_here: Callable[..., Ran], tmp_path: Path, folder: str
) -> None:
    for name in (".hydra", "there", "survey"):
        (tmp_path / name).mkdir()
    (tmp_path / ".hydra/mine.csv").touch()
    (tmp_path / "link").symlink_to("survey")
    (tmp_path / "broken").symlink_to("gone")
    before = names_in(tmp_path)
    ran = run_here(f"hydra.run.dir={folder}", "trainer.epochs=0")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: trainer.epochs=0 does not fit")
    assert (
        names_in(tmp_path) - {".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml"}
        == before
    )


@pytest.mark.parametrize("parent", ["runs", ".hydra"])
def test_a_refused_resume_removes_nothing(
    run_here: Callable[..., Ran], tmp_path: Path, parent: str
) -> None:
    pretend_run(tmp_path / parent / "one")
    before = names_in(tmp_path)
    ran = run_here(f"resume={parent}/one", "seed=3")
    assert ran.code == 2
    assert ran.err.startswith("astroclf: seed cannot be changed when a run is resumed")
    assert names_in(tmp_path) == before


def test_a_folder_with_results_is_not_used_again(
    run_here: Callable[..., Ran], tmp_path: Path
) -> None:
    pretend_run(tmp_path / "a b")
    ran = run_here("hydra.run.dir=a b", "seed=1")
    assert ran == Ran(
        2,
        "",
        "astroclf: hydra.run.dir=a b holds results already (checkpoint, metrics.json). Give another "
        """folder, or resume that run: python run.py 'resume='"'"'a b'"'"''.\n""",
    )
    assert names_in(tmp_path / "a b") == {"checkpoint", "checkpoint/last.pt", "metrics.json"}


def test_runs_of_one_second_have_a_folder_each(
    run_here: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []

    def pretend(settings: Any, folder: Path, *rest: Any, **named: Any) -> dict[str, float]:
        folders.append(folder)
        return {"loss": 0.0}

    monkeypatch.setattr("astroclf.tasks.task.run_task", pretend)
    assert run_here("hydra.run.dir='out/${seed}'").code == 0
    assert run_here("hydra.run.dir='out/${seed}'").code == 0
    assert folders == [tmp_path / "out/0", tmp_path / "out/0-2"]


def test_a_run_in_use_is_not_resumed(run_here: Callable[..., Ran], tmp_path: Path) -> None:
    pretend_run(tmp_path / "one")
    lock = try_lock(tmp_path / "one/.lock")
    assert lock is not None
    with lock:
        ran = run_here("resume=one")
    assert ran == Ran(
        2,
        "",
        f"astroclf: resume=one is in use by process {os.getpid()}. Wait for its end, or stop it.\n",
    )


def test_a_home_folder_is_expanded(
    run_here: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    pretend_run(tmp_path / "home/one")
    ran = run_here("hydra.run.dir='~/one'")
    assert ran.err.startswith(f"astroclf: hydra.run.dir={tmp_path}/home/one holds results already")
    ran = run_here("resume='~/one'")
    assert ran.err.startswith(f"astroclf: resume={tmp_path}/home/one: ")
    assert "last.pt" in ran.err


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
    run_here: Callable[..., Ran],
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
    run_here: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("astroclf.tasks.task.run_task", fail)
    ran = run_here()
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.err


def test_sync_is_refused_before_pytorch_is_imported(
    run_here: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    ran = run_here("task=sync", "task.folders=runs")
    assert ran.code == 2
    assert "task.folders=" in ran.err
    assert "no run is recorded there" in ran.err
    assert "PyTorch" not in ran.out


def test_the_record_of_a_multirun_holds_no_password(
    run_here: Callable[..., Ran], tmp_path: Path
) -> None:
    secret = "tracking.uri='http://bob:s3cret@127.0.0.1:9'"
    assert run_here("-m", "task=sync", "task.folders=missing", secret, "seed=1,2").code != 0
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"multirun.yaml", "overrides.yaml"}
    assert not [file for file in files if b"s3cret" in file.read_bytes()]
