"""Content of the page on a model: maps of its features, nearest neighbors, Grad-CAM and ablations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.data.thumbnails import make_thumbnails
from astroclf.evaluation.embedding import (
    Projection,
    nearest,
    project_pca,
    project_umap,
    standardize,
    umap_is_installed,
)
from astroclf.reports.inspect.content import Map, ModelContent
from astroclf.reports.pictures import Gallery, Picture
from astroclf.settings import sections
from astroclf.status import status
from astroclf.tasks.inspection.ablation_content import ablation_content
from astroclf.tasks.inspection.examined import Examined
from astroclf.tasks.inspection.saliency_content import saliency_content
from astroclf.tasks.inspection.tables import NearestImages

GRID = (11, 6)  # cells of a map with a thumbnail each, across and up
FEWEST_MAPPED, FEWEST_UMAP = 4, 20  # images
NO_ACCURACY = "Ablations measure accuracy, which vote fractions do not have."


def model_content(
    examined: Examined, nearby: NearestImages, options: sections.InspectSection, resamples: int
) -> ModelContent:
    """Return the content of the page on a model."""
    saliency, note = saliency_content(examined)
    return ModelContent(
        facts=model_facts(examined),
        images=examined.images,
        notes=examined.notes,
        maps=feature_maps(examined, options),
        neighbors=neighbor_galleries(examined, nearby),
        saliency=saliency,
        saliency_note=note,
        ablations=ablation_content(examined, options, resamples),
        ablation_note=NO_ACCURACY if examined.is_right is None else "",
    )


def model_facts(examined: Examined) -> dict[str, str]:
    """Return the facts of the output of the model that the page shows."""
    facts, right = {"images": examined.images}, examined.is_right
    if right is not None:
        of_sample = right[examined.in_sample]
        facts["accuracy"] = f"{of_sample.mean():.4f}"
        facts["misclassified"] = f"{int(np.sum(~of_sample)):,}"
    if examined.features is not None:
        facts["features"] = f"{examined.features.shape[1]:,}"
    return facts


def feature_maps(examined: Examined, options: sections.InspectSection) -> list[Map]:
    """Return the maps of the features of the sample; none for a network without features."""
    if examined.features is None or len(examined.positions) < FEWEST_MAPPED:
        return []
    features = standardize(examined.features[examined.in_sample])
    found = [project_pca(features, options.seed)]
    wants_umap = options.map == "umap" or (options.map == "auto" and umap_is_installed())
    if wants_umap and len(features) >= FEWEST_UMAP:
        with status("computing UMAP"):
            found.append(project_umap(features, options.seed))
    return [_map(examined, projection) for projection in found]


def _map(examined: Examined, projection: Projection) -> Map:
    dataset, right = examined.dataset, examined.is_right
    shown = spread_over(projection.points)
    return Map(
        title=projection.name,
        axes=_axes(projection),
        points=projection.points,
        classes=dataset.leading[examined.positions],
        class_names=dataset.classes,
        wrong=None if right is None else ~right[examined.in_sample],
        shown=shown,
        thumbnails=make_thumbnails(dataset, examined.positions[shown]),
    )


def _axes(projection: Projection) -> tuple[str, str]:
    if projection.variance is None:
        return f"{projection.name} 1", f"{projection.name} 2"
    first, second = (
        f"component {n} ({share:.0%} of the variance)"
        for n, share in enumerate(projection.variance, start=1)
    )
    return first, second


def spread_over(points: np.ndarray) -> np.ndarray:
    """Return positions of points (N, 2) that are spread over the map: in each cell of a grid, the one
    nearest to its center."""
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1) * np.array(GRID)
    cell = np.minimum(scaled.astype(int), np.array(GRID) - 1)
    distance = np.abs(scaled - cell - 0.5).max(axis=1)
    number = cell[:, 0] * GRID[1] + cell[:, 1]
    order = np.lexsort((distance, number))
    _, first = np.unique(number[order], return_index=True)
    return np.sort(order[first])


def find_nearest(examined: Examined, k: int) -> NearestImages:
    """Return the nearest images of those asked for, among the sample and each other."""
    if examined.features is None or not len(examined.asked) or len(examined.featured) < 2:
        return NearestImages.none()
    features = standardize(examined.features)
    rows = np.searchsorted(examined.featured, examined.asked)
    found, distances = nearest(features, rows, min(k, len(features) - 1))
    return NearestImages(examined.asked, examined.featured[found], distances)


def neighbor_galleries(examined: Examined, nearby: NearestImages) -> list[Gallery]:
    """Return a gallery for each image asked for: itself, then its nearest images with their distances."""
    dataset = examined.dataset
    galleries = []
    for asked, others, distances in zip(*nearby.parts, strict=True):
        images = make_thumbnails(dataset, np.array([asked, *others]))
        notes = ["asked for", *(f"distance {each:.2f}" for each in distances)]
        pictures = [
            Picture(image, str(dataset.ids[i]), [note, *_labels(examined, int(i))])
            for image, i, note in zip(images, [asked, *others], notes, strict=True)
        ]
        galleries.append(Gallery(str(dataset.ids[asked]), "", pictures))
    return galleries


def _labels(examined: Examined, position: int) -> Sequence[str]:
    dataset = examined.dataset
    row = int(np.searchsorted(examined.featured, position))
    truth = dataset.classes[dataset.leading[position]]
    predicted = dataset.classes[examined.predicted[row]]
    label = truth if truth == predicted else f"{truth}, predicted {predicted}"
    return [label, str(dataset.split[position])]
