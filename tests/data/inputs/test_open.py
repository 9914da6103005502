from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from astroclf.data.framing import Framing
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.errors import UserError


def test_each_kind_is_recognized(folder: Path, framing: Framing, pictures: np.ndarray) -> None:
    import shutil

    archive = Path(shutil.make_archive(str(folder.parent / "a"), "zip", folder))
    archive.rename(archive.with_suffix(".dat"))
    (folder / "table.csv").write_text("file\na.png\nd\n")
    with h5py.File(folder / "a.hdf5", "w") as content:
        content["x"] = pictures
    for path, kind, count in (
        (folder, "FolderInput", 6),
        (archive.with_suffix(".dat"), "ArchiveInput", 6),
        (folder / "table.csv", "TableInput", 2),
        (folder / "a.hdf5", "ArrayInput", 6),
        (folder / "a.png", "FilesInput", 1),
    ):
        images = open_input(path, framing, InputOptions())
        assert (type(images).__name__, len(images)) == (kind, count)


def test_inputs_without_images_are_refused(tmp_path: Path, framing: Framing) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.md").touch()
    (tmp_path / "a.doc").write_text("x")
    for name, sentence in (
        ("absent", r"predict\.input=.*absent does not exist\. Give a folder"),
        ("a\0", "does not exist"),
        ("empty", r"holds no images\. Give"),
        ("texts", r"holds no images, only other files: .* \(1\)\. Give images"),
        ("a.doc", r"is no folder, zip archive, table"),
    ):
        with pytest.raises(UserError, match=sentence):
            open_input(tmp_path / name, framing, InputOptions())


def test_files_unlike_the_pattern_of_a_model_are_refused_with_that_pattern(
    tmp_path: Path, framing: Framing
) -> None:
    (tmp_path / "a.fits").touch()
    by_band = replace(framing, pattern="stamp-{band}-{id}.fits")
    with pytest.raises(
        UserError, match=r"\(1\)\. Give files that fit .* stamp-\{band\}-\{id\}\.fits, or set"
    ):
        open_input(tmp_path, by_band, InputOptions())
