from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.framing import Framing
from astroclf.data.inputs.folder import FolderInput
from astroclf.data.inputs.source import Row, block_of


def test_a_block_marks_its_rows_with_images() -> None:
    rows = [Row("a", "a.png", ("1",)), Row("b", "b.png", ("2",))]
    block = block_of(4, rows, ["", "empty file"], np.zeros((1, 3, 8, 8)))
    assert (len(block), block.stop) == (2, 6)
    assert block.is_read.tolist() == [True, False]
    assert block.kept == [("1",), ("2",)]


def test_a_block_may_have_no_image(folder: Path, framing: Framing) -> None:
    (folder / "a.png").write_bytes(b"")
    block = FolderInput("", folder, framing).read(0, 1)
    assert len(block.images) == 0
    assert list(block.reasons) == ["empty file"]
