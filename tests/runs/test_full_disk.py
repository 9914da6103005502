"""A disk that fills up at any writer of the run folder ends in one sentence, and the run can be resumed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIZES_KB = [
    int(size) for size in os.environ.get("ASTROCLF_DISK_KB", "8,40,80,120,160,240").split(",")
]
ROOM_KB = 20_000
TINY = (
    "dataset.n_images=64", "dataset.image_px=16", "model.widths=[4]", "model.hidden_units=[8]",
    "evaluation.bootstrap_resamples=0", "trainer.batch_size=8",
)  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """disk(size_kb): a small disk, as large as that from now on."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True).returncode == 0

    if not mount(f"size={ROOM_KB}k"):
        pytest.skip("mounting a small disk needs root")

    def resize(size_kb: int) -> Path:
        assert mount(f"remount,size={size_kb}k")
        return folder

    yield resize
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("size_kb", SIZES_KB)
def test_full_disk_is_reported_in_one_sentence_and_the_run_can_be_resumed(
    disk: Callable[[int], Path],
    train_run: Callable[..., Path],
    small_overrides: Callable[..., list[str]],
    size_kb: int,
) -> None:
    folder = disk(size_kb) / "run"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *arguments], capture_output=True, text=True
        )

    chosen = [*small_overrides(*TINY), f"hydra.run.dir={folder}"]
    ran = run(*chosen)
    assert ran.returncode in (0, 2), ran.stderr
    assert "Traceback" not in ran.stderr
    if ran.returncode == 2:
        last = ran.stderr.splitlines()[-1]
        assert last.startswith("astroclf: ")
        assert "No space left on device" in last
        disk(ROOM_KB)
        began = (folder / "checkpoint/last.pt").is_file()
        ran = run(f"resume={folder}") if began else run(*chosen)
        assert ran.returncode == 0, ran.stderr
    expected = train_run(*TINY) / "predictions.csv"
    assert (folder / "predictions.csv").read_bytes() == expected.read_bytes()
