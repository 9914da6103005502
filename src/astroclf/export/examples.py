"""Images that an exported model is checked with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroclf.bundle import Bundle
from astroclf.bundle.columns import random_columns
from astroclf.data.formats import BadImage
from astroclf.data.formats.registry import suffixes
from astroclf.data.sources.folder_tree import read_tree
from astroclf.errors import UserError, counted, one_line

N_FILES = 64  # images of a folder, evenly spaced in its sorted listing
N_RANDOM = 8
SEED = 0
LARGEST_FLUX = 3e4  # of random images of linear flux


@dataclass(frozen=True, eq=False)
class Examples:
    """Images and their origin in words.

    images: (N, C, H, W) of the type that the exported model takes. columns: (N, F) float32 random catalog
    columns, some of them missing; None for a model without.
    """

    images: np.ndarray
    source: str
    columns: np.ndarray | None = None

    @property
    def inputs(self) -> tuple[np.ndarray, ...]:
        """Arguments of the exported model."""
        return (self.images,) if self.columns is None else (self.images, self.columns)


def find_examples(bundle: Bundle, folder: Path | None) -> Examples:
    """Return images as `_find_images`, with random catalog columns if the model takes some."""
    examples = _find_images(bundle, folder)
    if not bundle.columns:
        return examples
    return replace(examples, columns=random_columns(bundle, len(examples.images), SEED))


def _find_images(bundle: Bundle, folder: Path | None) -> Examples:
    """Return random images, after those of a folder: the given one, else that of the training images.

    Raises UserError for a folder without an image that the model takes, if it was given.
    """
    random = random_images(bundle)
    if folder is not None:
        files = read_examples(bundle, folder)
        if isinstance(files, str):
            raise UserError(
                f"export.images={folder}: {files}. Give a folder of images like the training images."
            )
    else:
        folder = training_folder(bundle)
        files = "" if folder is None else read_examples(bundle, folder)
    if isinstance(files, str):
        return Examples(random, f"{counted(len(random), 'random image')} alone: set export.images")
    return Examples(
        np.concatenate([files, random]),
        f"{counted(len(files), 'image')} of {folder} and {counted(len(random), 'random image')}",
    )


def input_dtype(bundle: Bundle) -> np.dtype:
    """Return the type of the images that an exported model takes: uint8, or float32 for other depths."""
    return np.dtype(np.uint8 if bundle.depth == "8-bit" else np.float32)


def random_images(bundle: Bundle) -> np.ndarray:
    """Return images of noise of many amplitudes, after one that is zero everywhere."""
    rng = np.random.default_rng(SEED)
    shape = (len(bundle.pixels.bands), bundle.image_px, bundle.image_px)
    largest = {"8-bit": 255.0, "16-bit": 65535.0}.get(bundle.depth or "", LARGEST_FLUX)
    tops = np.geomspace(1.0, largest, N_RANDOM - 1)
    noise = [rng.uniform(0, top, shape).astype(input_dtype(bundle)) for top in tops]
    return np.stack([np.zeros_like(noise[0]), *noise])


def read_examples(bundle: Bundle, folder: Path) -> np.ndarray | str:
    """Return images of a folder, prepared as in training, or the reason why there are none."""
    if bundle.framing is None:
        return "the model was trained on images that came from no file"
    if not folder.is_dir():
        return "there is no such folder"
    files = [parts for parts in read_tree(folder).files if parts[-1].lower().endswith(suffixes())]
    chosen = np.unique(np.linspace(0, len(files) - 1, min(N_FILES, len(files))).astype(int))
    images, reason = [], "no image is in it"
    for position in chosen:
        try:
            images.append(bundle.framing.read(folder.joinpath(*files[position])))
        except BadImage as error:
            reason = f"no image in it can be used ({files[position][-1]}: {one_line(error)})"
    return np.stack(images).astype(input_dtype(bundle), copy=False) if images else reason


def training_folder(bundle: Bundle) -> Path | None:
    """Return the folder of the training images, if the bundle names one that still exists."""
    dataset = bundle.facts.get("dataset", {})
    named = dataset.get("root") or dataset.get("image_root")
    folder = Path(named) if isinstance(named, str) else None
    return folder if folder is not None and folder.is_dir() else None
