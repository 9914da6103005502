"""Grad-CAM of example images: right and wrong ones of each class, and those asked for by id."""

from __future__ import annotations

import numpy as np

from astroclf.data.thumbnails import make_thumbnails, over_panels
from astroclf.errors import counted
from astroclf.inference.saliency import FeatureMap, explain
from astroclf.reports.inspect.overlay import overlay
from astroclf.reports.pictures import Gallery, Picture
from astroclf.status import status
from astroclf.tasks.inspection.examined import Examined, explained_member

RIGHT, WRONG = 2, 2  # images of each class, the most confident ones
MOST_CLASSES = 12


def saliency_content(examined: Examined) -> tuple[list[Gallery], str]:
    """Return galleries of images beside their Grad-CAM, and a sentence on the layer or why there is none."""
    groups = chosen_images(examined)
    rows = np.concatenate([rows for _, rows in groups]) if groups else np.empty(0, np.int64)
    if not len(rows):
        return [], "No image to explain."
    dataset, classes = examined.dataset, examined.predicted[rows]
    images = np.asarray(dataset.images[examined.featured[rows]])
    predictor = explained_member(examined.bundle).predictor
    with status("computing Grad-CAM"):
        explained = explain(predictor, images, classes)
    if explained is None:
        network = type(getattr(predictor.network, "backbone", predictor.network)).__name__
        return [], f"Grad-CAM is not available: {network} has no feature map of several positions."
    thumbnails = make_thumbnails(dataset, examined.featured[rows])
    maps = iter(zip(thumbnails, over_panels(explained.maps, dataset.pixels), strict=True))
    galleries = []
    for title, members in groups:
        pictures = []
        for row in members.tolist():
            image, evidence = next(maps)
            pictures += _pair(examined, row, image, overlay(image, evidence))
        galleries.append(Gallery(title, "", pictures))
    return galleries, describe_layer(explained.layer)


def chosen_images(examined: Examined) -> list[tuple[str, np.ndarray]]:
    """Return title -> rows of the images to explain: those asked for, then of each class the most
    confident right and wrong ones of the sample."""
    asked = np.searchsorted(examined.featured, examined.asked)
    groups = [("Images by id", asked)] if len(asked) else []
    truth = examined.dataset.leading[examined.featured]
    confidence = examined.probabilities[np.arange(len(truth)), examined.predicted]
    right = examined.is_right
    sample = examined.in_sample
    order = sample[np.argsort(-confidence[sample], kind="stable")]
    for k, name in enumerate(examined.dataset.classes[:MOST_CLASSES]):
        members = order[truth[order] == k]
        if right is None:
            chosen = members[: RIGHT + WRONG]
        else:
            chosen = np.concatenate(
                [members[right[members]][:RIGHT], members[~right[members]][:WRONG]]
            )
        if len(chosen):
            groups.append((name, chosen))
    return groups


def _pair(examined: Examined, row: int, image: np.ndarray, explained: np.ndarray) -> list[Picture]:
    """Return the picture of an image and that of its Grad-CAM."""
    dataset, position = examined.dataset, examined.featured[row]
    truth = dataset.classes[dataset.leading[position]]
    predicted = dataset.classes[examined.predicted[row]]
    probability = float(examined.probabilities[row, examined.predicted[row]])
    alarm = "" if predicted == truth else f"predicted {predicted}"
    identity = str(dataset.ids[position])
    return [
        Picture(image, identity, [truth], alarm),
        Picture(
            explained, identity, [f"evidence for {predicted}", f"probability {probability:.3f}"]
        ),
    ]


def describe_layer(layer: FeatureMap) -> str:
    """Return a sentence on the layer that is explained."""
    height, width = layer.grid
    what = (
        "the normalized input of the last block"
        if layer.form == "tokens"
        else "the last feature map"
    )
    return (
        f"Evidence for the predicted class at each of {counted(height * width, 'position')} ({height} x {width}) of {what} "
        f"({layer.name}), from none (dark) to the largest of the image (bright)."
    )
