"""Trainings on unusable images and tables: refused in one sentence, or a warning."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from astroclf.errors import UserError

Run = Callable[..., Path]
SHORT = (
    "model.widths=[4,4]", "model.hidden_units=[8]", "dataset.image_px=16", "trainer.epochs=1",
    "trainer.batch_size=8", "evaluation.bootstrap_resamples=0",
)  # fmt: skip


def write_images(root: Path, folders: dict[str, int]) -> None:
    """Write distinct images of noise into each folder, named after the folder."""
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
    """Rows of a table of the same images."""
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


def test_missing_and_empty_roots_are_refused(train_run: Run, tmp_path: Path) -> None:
    folder = ("dataset=image_folder", f"dataset.root={tmp_path / 'images'}")
    assert "images cannot be read as a folder (No such file" in refusal(train_run, *folder)
    (tmp_path / "images").mkdir()
    assert "no images in train/<class>/ or" in refusal(train_run, *folder)


@pytest.mark.parametrize("task", ["train", "crossval", "benchmark"])
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("model.name=resnet35", "resnet35: not a network of timm. Similar names: resnet"),
        ("model.weights=gone.pth", "model.weights=gone.pth: there is no such file."),
    ],
)
def test_an_unknown_network_is_refused_before_images_are_read(
    train_run: Run, tmp_path: Path, task: str, wrong: str, sentence: str
) -> None:
    nowhere = ("dataset=image_folder", f"dataset.root={tmp_path / 'nowhere'}")
    with pytest.raises(UserError, match=re.escape(sentence)):
        train_run(*nowhere, "model=resnet34", wrong, f"task={task}")


def test_classes_without_images_are_refused(train_run: Run, root: Path) -> None:
    (root / "train/quasar").mkdir()
    sentence = refusal(train_run, "dataset=image_folder", f"dataset.root={root}")
    assert sentence.startswith(f"Class folder train/quasar of dataset.root={root} contains no .jpg")


@pytest.mark.parametrize(
    ("folder", "wanted"),
    [
        ("train/quasar", "Class quasar has no image in val (3 galaxy, 0 quasar, 3 star)"),
        ("val/quasar", "is in val but not in train, which has galaxy, star"),
    ],
)
def test_classes_missing_in_train_or_val_are_refused(
    train_run: Run, root: Path, folder: str, wanted: str
) -> None:
    write_images(root, {folder: 2})
    assert wanted in refusal(train_run, "dataset=image_folder", f"dataset.root={root}")


def test_a_single_class_is_refused(train_run: Run, tmp_path: Path) -> None:
    write_images(tmp_path / "images", {"train/star": 4, "val/star": 2})
    sentence = refusal(train_run, "dataset=image_folder", f"dataset.root={tmp_path / 'images'}")
    assert "the only class is star. Give a folder" in sentence


BAD_FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda content: content[: len(content) // 2], "truncated"),
    "text": (
        lambda content: b"not a picture at all",
        "not a JPEG, PNG, TIFF, WebP, BMP, GIF or FITS image",
    ),
    "zero": (lambda content: b"", "empty file"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_files_that_are_not_images_are_refused(train_run: Run, root: Path, kind: str) -> None:
    spoil, reason = BAD_FILES[kind]
    file = root / "train/star/train-star-2.jpg"
    file.write_bytes(spoil(file.read_bytes()))
    sentence = refusal(train_run, "dataset=image_folder", f"dataset.root={root}")
    assert sentence.startswith("1 of 18 images cannot be used: train/star/train-star-2.jpg (")
    assert reason in sentence
    assert "dataset.on_bad_image=skip" in sentence


def test_files_that_are_not_images_are_skipped(
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


def test_fewer_images_than_a_batch_give_a_warning(
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


# --- unusable tables ------------------------------------------------------------------------------


def column(name: str, value: str) -> Callable[[list[dict[str, str]]], None]:
    """Return a function that writes the value into the third row."""
    return lambda rows: rows[2].update({name: value})


VOTES = ("dataset.label_column=null", "dataset.vote_columns=[smooth,disk]", "loss=mse")


@pytest.mark.parametrize(
    ("spoil", "overrides", "wanted"),
    [
        (
            column("file", "gone.jpg"),
            [],
            r"dataset\.table=\S+: 1 of 18 files are missing.*: gone",
        ),
        (
            column("objID", "1"),
            ["dataset.id_column=objID"],
            r"dataset\.id_column=objID: 1 ids are in several rows of .*: 1\.",
        ),
        (column("class", ""), [], r"dataset\.label_column=class is empty in 1 rows of .*, line 4:"),
        (
            column("disk", "1.5"),
            VOTES,
            r"not fractions from 0 to 1, line 4; .* 1\.5 in disk",
        ),
        (column("disk", "nan"), VOTES, r"not fractions from 0 to 1, line 4; "),
        (column("disk", "-0.1"), VOTES, r"the first has -0\.1 in disk"),
        (
            column("class", "star"),
            ["dataset.label_column=clas"],
            r"dataset\.label_column=clas is not a column of \S+, which has file, class, .*did you mean class\?",
        ),
        (
            lambda rows: [row.update({"class": "star"}) for row in rows],
            [],
            r"dataset\.label_column=class: the only class is star",
        ),
    ],
    ids=["missing", "twice", "nan label", "vote", "nan vote", "negative", "unknown", "one class"],
)
def test_unusable_tables_are_refused(
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


def test_classes_of_a_table_missing_in_train_or_val_are_refused(
    train_run: Run, root: Path, table: list[dict[str, str]]
) -> None:
    for row in table:
        row["set"] = "train" if row["class"] == "star" else row["set"]
    chosen = ("dataset=catalog", write_table(root, table), "dataset.split_column=set")
    assert "Class star has no image in val (3 galaxy, 0 star)" in refusal(train_run, *chosen)


def test_missing_columns_of_metadata_are_refused_before_training(
    train_run: Run, root: Path, table: list[dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    write_table(root, table)
    chosen = (f"evaluation.metadata={root / 'labels.csv'}", "evaluation.metadata_id=objID")
    sentence = refusal(
        train_run, "dataset=image_folder", f"dataset.root={root}", *chosen,
        "evaluation.bin_columns=[magnitude]",
    )  # fmt: skip
    assert "magnitude" in sentence
    assert "epoch" not in caplog.text
