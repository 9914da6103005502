from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError
from astroclf.settings import Settings

COLOR = np.random.default_rng(0).integers(0, 256, (16, 10, 10, 3), np.uint8)

Read = Callable[..., ImageDataset]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a folder of images: of train and validation, each with two classes of four."""
    for number, picture in enumerate(COLOR):
        split, label = ("train", "validation")[number // 8], ("smooth", "spiral")[number // 4 % 2]
        folder = tmp_path / "sky" / split / label
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{number:02d}.png")
    return tmp_path / "sky"


@pytest.fixture
def read(
    settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Read:
    """read(repo, *overrides): the images of a repository."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))

    def load(repo: object, *overrides: str) -> ImageDataset:
        of = ("dataset=hub", f"dataset.repo={repo}", f"dataset.cache={tmp_path / 'cache'}")
        return load_dataset(settings(*of, "dataset.image_px=null", *overrides).dataset)

    return load


@pytest.mark.filterwarnings("ignore")
def test_a_folder_of_images_is_read_without_the_network(
    read: Read, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = read(repo)
    np.testing.assert_array_equal(dataset.images, COLOR.transpose(0, 3, 1, 2))
    assert dataset.classes == ("smooth", "spiral")
    assert dataset.targets.tolist() == [0] * 4 + [1] * 4 + [0] * 4 + [1] * 4
    assert dataset.split.tolist() == ["train"] * 8 + ["val"] * 8
    monkeypatch.setattr("datasets.load_dataset", None)  # the cache holds it
    assert read(repo).fingerprint == dataset.fingerprint


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("image_column=picture", r"dataset\.image_column=picture is not a column of dataset\.repo="),
        ("label_column=class", r"dataset\.label_column=class is not a column of dataset\.repo="),
    ],
)  # fmt: skip
def test_missing_columns_are_refused(read: Read, repo: Path, override: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read(repo, f"dataset.{override}")


def test_a_hub_that_is_not_reached_is_one_sentence(read: Read) -> None:
    with pytest.raises(UserError, match=r"dataset\.repo=nobody/nothing is no folder, and the hub"):
        read("nobody/nothing")


@pytest.mark.filterwarnings("ignore")
def test_the_commit_that_was_read_last_is_used_offline(
    read: Read, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    class Info:
        sha = "0123abc"

    plain = datasets.load_dataset
    opened: list[Any] = []

    def of_the_hub(path: str, name: str | None, *, revision: str, streaming: bool) -> object:
        opened.append((path, name, revision, streaming))
        return plain(str(repo), streaming=True)

    monkeypatch.setattr("datasets.load_dataset", of_the_hub)
    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", lambda *_, **__: Info())
    first = read("someone/sky")
    assert opened == [("someone/sky", None, "0123abc", True)]
    monkeypatch.undo()  # offline again
    with pytest.raises(UserError, match="the hub has no answer"):
        read("someone/other")
    assert read("someone/sky").fingerprint == first.fingerprint
