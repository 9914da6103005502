from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from astroclf.data.sources.folder_tree import Tree
from astroclf.data.sources.image_listing import list_images


def test_files_of_no_image_are_left_out_with_the_reason(
    source_settings: Callable[..., Any],
) -> None:
    settings = source_settings(
        "image_folder", bands=["g", "r"], pattern="s-{band}-{id}.fits", root="x"
    )
    files = [("star", name) for name in ("cat-1.fits", "s-g-1.fits", "s-g-2.fits", "s-r-1.fits")]
    listed = list_images(Tree([("star",)], files), settings)
    assert listed.tree.files == [("star", "s-{band}-1.fits"), ("star", "s-{band}-2.fits")]
    assert listed.left_out == {"star/cat-1.fits": "not of the pattern s-{band}-{id}.fits"}
    root, names = Path("/x"), ["star/s-{band}-1.fits", "star/s-{band}-2.fits"]
    assert [each.files for each in listed.files_of(root, names)] == [
        (root / "star/s-g-1.fits", root / "star/s-r-1.fits"),
        (root / "star/s-g-2.fits", None),
    ]
    assert listed.ids_of(names).tolist() == ["1", "2"]
