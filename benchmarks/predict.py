"""Speed and memory of task=predict against the bare forward pass, and its restart after a kill.

    python benchmarks/predict.py <folder of a run> <empty folder> [number of images]

Writes random images to HDF5, predicts them, kills a second prediction with SIGKILL when half of the
rows are written, resumes it, and compares the two tables. The model has to take 8-bit images.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from astroclf.bundle import Bundle, read_bundle

BATCH = 256
RUN = Path(__file__).parents[1] / "run.py"
WARM_UP, TIMED = 2, 20  # batches of the bare forward pass


def main(run: str, folder: str, n_images: str = "100000") -> None:
    """Print images/s, peak memory, and the rows of the resumed table."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    bundle = Path(run) / "bundle"
    model = read_bundle(bundle, "cpu")
    images = write_images(place / "images.h5", model, int(n_images))
    command = [
        *(sys.executable, str(RUN), "task=predict", "tracking=none", "trainer.device=cpu"),
        *(f"model_from={bundle}", f"predict.input={images}", f"predict.batch_size={BATCH}"),
    ]
    before = forward_speed(model, images)
    subprocess.run([*command, f"hydra.run.dir={place / 'whole'}"], check=True)
    after = forward_speed(model, images)
    log = (place / "whole/run.log").read_text()
    speed = re.search(r"speed +([\d,]+) images/s: (.*)", log)
    assert speed is not None
    print(f"bare forward pass  {before:,.0f} images/s before, {after:,.0f} after")
    print(f"task=predict       {speed[1]} images/s ({speed[2]})")
    peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"peak memory        {peak_kb / 1e6:.2f} GB")
    kill_at_half([*command, f"hydra.run.dir={place / 'killed'}"], place)
    subprocess.run([sys.executable, str(RUN), f"resume={place / 'killed'}"], check=True)
    whole, resumed = (ids(place / name) for name in ("whole", "killed"))
    same = whole == resumed == [str(number) for number in range(int(n_images))]
    print(f"killed and resumed {len(resumed):,} rows, {'the same ids' if same else 'OTHER IDS'}")


def write_images(file: Path, model: Bundle, n: int) -> Path:
    """Write random 8-bit images of the size that the model takes."""
    shape = (len(model.pixels.bands), model.image_px, model.image_px)
    rng = np.random.default_rng(0)
    with h5py.File(file, "w") as content:
        dataset = content.create_dataset("images", (n, *shape), np.uint8)
        for start in range(0, n, 1000):
            stop = min(start + 1000, n)
            dataset[start:stop] = rng.integers(0, 256, (stop - start, *shape), dtype=np.uint8)
    return file


def forward_speed(model: Bundle, file: Path) -> float:
    """Return images per second of the network alone, on images in memory."""
    with h5py.File(file) as content:
        images = content["images"][:BATCH]
    for _ in range(WARM_UP):
        model.predictor.logits(images)
    start_s = time.perf_counter()
    for _ in range(TIMED):
        model.predictor.logits(images)
    return TIMED * len(images) / (time.perf_counter() - start_s)


def kill_at_half(command: list[str], place: Path) -> None:
    """Run the command and kill it when its rows take half of the bytes of the complete table."""
    rows = place / "killed/predict/rows.csv"
    half = (place / "whole/predictions.csv").stat().st_size / 2
    process = subprocess.Popen(command)
    while process.poll() is None and not (rows.exists() and rows.stat().st_size >= half):
        time.sleep(0.02)
    process.kill()
    process.wait()
    print(f"killed with        {sum(1 for _ in rows.open()) - 1:,} rows in the draft")


def ids(folder: Path) -> list[str]:
    """Return the ids of a complete table, in its order."""

    def first_cells() -> Iterator[str]:
        with (folder / "predictions.csv").open() as stream:
            next(stream)
            for line in stream:
                yield line.partition(",")[0]

    return list(first_cells())


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main(*sys.argv[1:])
