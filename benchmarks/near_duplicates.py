"""Recall, false pairs and speed of the search for near-duplicates.

    python benchmarks/near_duplicates.py recall <folder of images, or simulated> [number of images]
    python benchmarks/near_duplicates.py speed [number of images]

`recall` copies every image in several ways before it is resized to 64 px, searches the images and their
copies together, and counts the copies that are found and all other pairs. Simulated images are stretched
by asinh to 8 bit, with the noise of the sky at 12 of 255 levels. `speed` searches random images of 64 px in
three bands, 100 of them turned copies, from a memory map.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from astroclf import read_dataset
from astroclf.data.duplicates.similar import find_similar

PX, PLANTED = 64, 100
LEVELS, SKY_LEVEL = 25, 40  # of the asinh stretch
RNG = np.random.default_rng(0)

Copy = Callable[[np.ndarray], np.ndarray]


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def resized(image: np.ndarray) -> np.ndarray:
    px = round(0.9 * len(image))
    return cv2.resize(np.ascontiguousarray(image), (px, px), interpolation=cv2.INTER_AREA)


def noisy(image: np.ndarray, share: float) -> np.ndarray:
    return (image + RNG.normal(0, 255 * share, image.shape)).clip(0, 255).astype(np.uint8)


COPIES: dict[str, Copy] = {
    "mirrored": lambda image: image[:, ::-1],
    "turned by 90 degrees": np.rot90,
    "JPEG, quality 75": lambda image: jpeg(image, 75),
    "JPEG, quality 50": lambda image: jpeg(image, 50),
    "noise of 1 %": lambda image: noisy(image, 0.01),
    "noise of 3 %": lambda image: noisy(image, 0.03),
    "brightness x 1.1": lambda image: (1.1 * image).clip(0, 255).astype(np.uint8),
    "resized to 90 %": resized,
    "resized, turned, JPEG 75": lambda image: jpeg(np.rot90(resized(image)), 75),
}


def recall(source: str, n_images: str = "500") -> None:
    """Print the recall of each kind of copy, and the number of other pairs."""
    originals = read_images(source, int(n_images))
    images = np.stack([framed(each) for each in originals])
    n = len(images)
    for name, copy in COPIES.items():
        copies = np.stack([framed(copy(each)) for each in originals])
        pairs = find_similar(np.concatenate([images, copies]), np.arange(2 * n))
        found = int(np.sum(pairs[:, 1] == pairs[:, 0] + n))
        print(f"{name:26s}{found:6,} of {n:,} found, {len(pairs) - found} other pairs", flush=True)


def read_images(source: str, n: int) -> list[np.ndarray]:
    """Return n images (H, W, 3) uint8: evenly spaced files below a folder, or simulated ones."""
    if source != "simulated":
        files = sorted(Path(source).rglob("*.jpg"))
        chosen = np.linspace(0, len(files) - 1, min(n, len(files))).astype(int)
        return [np.asarray(Image.open(files[i]).convert("RGB")) for i in chosen]
    flux = read_dataset("simulated", f"dataset.n_images={n}").images
    sigma = np.median(np.abs(flux), axis=(2, 3), keepdims=True) / 0.6745
    shown = SKY_LEVEL + LEVELS * np.arcsinh(flux / sigma / 2)
    return list(shown.clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1))


def framed(image: np.ndarray) -> np.ndarray:
    """Return (3, 64, 64): the image averaged by area, or interpolated where it is smaller."""
    how = cv2.INTER_AREA if len(image) >= PX else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(image), (PX, PX), interpolation=how).transpose(2, 0, 1)


def speed(n_images: str = "60000") -> None:
    """Print the time of the search in 8-bit and float32 images."""
    n = int(n_images)
    for dtype in (np.uint8, np.float32):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "images.npy"
            images = np.lib.format.open_memmap(file, "w+", dtype, (n, 3, PX, PX))
            for start in range(0, n, 1000):
                chunk = images[start : start + 1000]
                chunk[:] = RNG.integers(0, 256, chunk.shape, dtype=np.uint8)
            images[-PLANTED:] = np.rot90(images[:PLANTED], 1, (2, 3))
            images.flush()
            stored = np.load(file, mmap_mode="r")
            start_s, cpu_s = time.perf_counter(), time.process_time()
            pairs = find_similar(stored, np.arange(n))
            print(
                f"{np.dtype(dtype).name:8s} {n:,} images: {time.perf_counter() - start_s:.1f} s, "
                f"{time.process_time() - cpu_s:.1f} s of CPU on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
                f"{len(pairs)} of {PLANTED} copies found"
            )


if __name__ == "__main__":
    {"recall": recall, "speed": speed}[sys.argv[1]](*sys.argv[2:])
