"""One image of each class before and after its stretch and augmentation."""

from __future__ import annotations

import numpy as np
import torch

from astroclf.data.augment import augment
from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.image_statistics import sample_positions
from astroclf.data.pixels import Pixels
from astroclf.data.preprocess import Preprocess, fit_preprocess
from astroclf.data.shown_bands import rgb_channels
from astroclf.data.thumbnails import make_thumbnails, panel_grid
from astroclf.reports.pictures import Gallery, Picture
from astroclf.settings import sections
from astroclf.tasks.inspection.selection import images_of_class

N_VIEWS = 6
FITTED_ON = 1000  # training images that the normalization shown is fitted on, at most
LOW, HIGH = 0.5, 99.8  # percentiles shown as black and white


def class_views(
    dataset: ImageDataset, preprocess: Preprocess, settings: sections.Augment, seed: int
) -> list[Gallery]:
    """Return a gallery for each class: one image as stored, as network input, and augmented."""
    galleries = []
    for k, name in enumerate(dataset.classes):
        positions = images_of_class(dataset, k, 1, seed)
        if len(positions):
            pictures = image_views(dataset, int(positions[0]), preprocess, settings, seed)
            galleries.append(Gallery(name, str(dataset.ids[positions[0]]), pictures))
    return galleries


def image_views(
    dataset: ImageDataset,
    position: int,
    preprocess: Preprocess,
    settings: sections.Augment,
    seed: int,
) -> list[Picture]:
    """Return one image as stored, as network input, and in six augmented views of that input.

    Network inputs share one gray scale, so that changes of brightness show.
    """
    image = np.array(dataset.images[position : position + 1])
    stored = torch.from_numpy(image.astype(np.float32))
    values = preprocess.scale(stored)
    repeated = values.expand(N_VIEWS, -1, -1, -1)
    augmented = augment(repeated.clone(), settings, preprocess.stretch, seed)
    inputs = preprocess.normalize(torch.cat([values, augmented])).numpy()
    limits = np.percentile(inputs[0], [LOW, HIGH])
    shown = [_picture(each, limits, dataset.pixels) for each in inputs]
    return [
        Picture(as_stored(dataset, position), lines=["as stored"]),
        Picture(shown[0], lines=["network input"]),
        *(
            Picture(each, lines=[f"augmented, view {n}"])
            for n, each in enumerate(shown[1:], start=1)
        ),
    ]


def as_stored(dataset: ImageDataset, position: int) -> np.ndarray:
    """Return an image (H, W, 3) uint8: display values unchanged, flux from its faintest to its brightest
    pixel on a linear scale."""
    if dataset.pixels.stretch != "linear":
        return make_thumbnails(dataset, np.array([position]))[0]
    image = np.asarray(dataset.images[position], np.float32)
    return _picture(image, np.array([image.min(), image.max()]), dataset.pixels)


def shown_preprocess(dataset: ImageDataset, seed: int, flux: sections.Flux) -> Preprocess:
    """Return preprocessing fitted on a sample of the training images, or of all if none are train."""
    train = dataset.indices(TRAIN)
    sample = sample_positions(train if len(train) else np.arange(len(dataset)), FITTED_ON, seed)
    images = np.asarray(dataset.images[sample])
    return fit_preprocess(
        ImageDataset(
            images=images,
            targets=dataset.targets[sample],
            ids=dataset.ids[sample],
            classes=dataset.classes,
            split=np.full(len(sample), TRAIN),
            pixels=dataset.pixels,
        ),
        flux,
    )


def _picture(values: np.ndarray, limits: np.ndarray, pixels: Pixels) -> np.ndarray:
    """Return (H, W, 3) uint8 of (C, H, W) values, black to white between the limits.

    Bands are shown as in `data.thumbnails`.
    """
    low, high = float(limits[0]), float(limits[1])
    scaled = np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255
    channels = rgb_channels(pixels)
    if channels is None:  # one panel a band
        panels = panel_grid([band[None] for band in scaled])[0]
        return np.repeat(panels[..., None], 3, axis=2).astype(np.uint8)
    bands = scaled[list(channels)] if pixels.stretch == "linear" else scaled[:3]
    return np.ascontiguousarray(bands.transpose(1, 2, 0)).astype(np.uint8)
