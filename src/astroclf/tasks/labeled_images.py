"""Labeled images of an evaluation: with the classes of a trained model, in parts by their use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from astroclf.bundle import Bundle
from astroclf.data.class_matching import match_classes
from astroclf.data.dataset import ImageDataset
from astroclf.data.groups import dependent_groups
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.tasks.model_images import require_same_images
from astroclf.tasks.seen_images import SeenImages, find_seen


@dataclass(frozen=True, eq=False)
class LabeledImages:
    """Labeled images with the classes of a model.

    dataset: its splits are the parts of `seen`, and "" for images that are not evaluated. left_out:
    class of the data that the model does not have -> its number of images. missing: classes of the
    model without images.
    """

    dataset: ImageDataset
    seen: SeenImages
    left_out: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def parts(self) -> list[str]:
        """Names of the parts."""
        return self.seen.names

    def sentences(self) -> list[str]:
        """Return a warning for each part that is not new, and for missing and unknown classes."""
        found = self.seen.sentences()
        if self.left_out:
            named = listed(f"{name} ({n:,})" for name, n in self.left_out.items())
            found.append(f"Left out, since the model does not have these classes: {named}.")
        if self.missing:
            found.append(
                f"No image is of {listed(self.missing)}: the metrics are of the other classes, and means over classes "
                "leave these out or count them as 0."
            )
        return found


def label_images(
    dataset: ImageDataset, model: Bundle, options: sections.EvaluateSection
) -> LabeledImages:
    """Return the images that are evaluated, with the classes of the model, in parts by their use.

    Raises UserError for images or classes that the model was not trained on, and if no image is
    left.
    """
    require_same_images(dataset, model)
    in_split = _in_split(dataset, options.split)
    matched = match_classes(dataset, model.classes, options.rename_classes, options.unknown_classes)
    chosen = in_split & matched.kept
    if not chosen.any():
        raise UserError(
            f"evaluate.split={options.split}: no image in it is of a class of the model. Choose another split."
        )
    seen = find_seen(dataset, model.reference, chosen)
    dataset = matched.dataset.with_split(seen.parts)
    groups = dependent_groups(dataset, dataset.split)
    if groups is not None:
        dataset = dataset.with_groups(groups)
    counts = (
        np.bincount(dataset.targets[chosen], minlength=len(model.classes))
        if dataset.exclusive_classes
        else ()
    )
    return LabeledImages(
        dataset=dataset,
        seen=seen,
        left_out=matched.left_out,
        missing=tuple(name for name, n in zip(model.classes, counts, strict=False) if n == 0),
    )


def _in_split(dataset: ImageDataset, split: str | None) -> np.ndarray:
    if split is None:
        return np.ones(len(dataset), bool)
    chosen: np.ndarray = dataset.split == split
    if not chosen.any():
        there = (
            f"they have {listed(dataset.split_names)}"
            if dataset.split_names
            else "they state no splits"
        )
        raise UserError(
            f"evaluate.split={split}: the images have no such split, {there}. Set evaluate.split=null for all images."
        )
    return chosen
