from __future__ import annotations

import os
from pathlib import Path

import pytest

from astroclf.data.sources.folder_tree import read_tree
from astroclf.errors import UserError


def test_files_and_folders_are_sorted_paths_below_the_root(tmp_path: Path) -> None:
    for file in ("b/2.png", "b/1.png", "a/deep/3.png", ".hidden/4.png", "a/Thumbs.db", "a/.x.png"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    tree = read_tree(tmp_path)
    assert tree.folders == [("a",), ("a", "deep"), ("b",)]
    assert tree.files == [("a", "deep", "3.png"), ("b", "1.png"), ("b", "2.png")]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    (tmp_path / "images/a").mkdir(parents=True)
    (tmp_path / "images/a/1.png").touch()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/b").symlink_to(tmp_path / "images/a")
    (tmp_path / "images/a/back").symlink_to(tmp_path / "root")
    (tmp_path / "images/a/self").symlink_to("self")
    tree = read_tree(tmp_path / "root")
    assert ("b", "1.png") in tree.files
    assert ("b", "self") in tree.files
    assert max(map(len, tree.files)) == 2


def test_unreadable_folders_and_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dataset\.root: .*absent .*No such file"):
        read_tree(tmp_path / "absent")
    (tmp_path / os.fsdecode(b"\xe9toile.png")).touch()
    with pytest.raises(UserError, match=r"not UTF-8: \\xe9toile\.png\. Rename"):
        read_tree(tmp_path)
