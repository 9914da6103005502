"""Content of the page of task=inspect without a model, and its facts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroclf.data.class_counts import small_class_warnings
from astroclf.data.dataset import ImageDataset
from astroclf.data.preprocess import Preprocess
from astroclf.errors import counted
from astroclf.reports.inspect.content import InspectionContent
from astroclf.settings import Settings, sections
from astroclf.tasks.inspection.data_content import (
    class_galleries,
    count_table,
    skipped_table,
)
from astroclf.tasks.inspection.selection import find_ids
from astroclf.tasks.inspection.statistics_content import MeasuredImages, distributions
from astroclf.tasks.inspection.tree_content import true_trees
from astroclf.tasks.inspection.views import N_VIEWS, class_views
from astroclf.tasks.leak_content import leak_content
from astroclf.tasks.pictures import pictures_of

DEPTHS = {"uint8": "8-bit", "uint16": "16-bit"}


def data_content(
    settings: Settings,
    dataset: ImageDataset,
    measured: MeasuredImages,
    preprocess: Preprocess,
    source: str,
) -> InspectionContent:
    """Return the content of the page without a model.

    preprocess: of the network inputs shown. source: of the images, for display. Raise UserError for an id that no image has.
    """
    options = inspect_options(settings)
    chosen = find_ids(dataset, options.ids)
    return InspectionContent(
        title=f"{Path(source).name}: {counted(len(dataset), 'image')} of {len(dataset.classes)} classes",
        facts=data_facts(dataset, source),
        warnings=small_class_warnings(dataset),
        chosen=pictures_of(dataset, chosen),
        trees=true_trees(dataset, chosen),
        counts=count_table(dataset),
        galleries=class_galleries(dataset, options.per_class, options.seed),
        gallery_note=f"Random images of all splits, drawn with seed {options.seed}.",
        distributions=distributions(dataset, measured),
        views=class_views(dataset, preprocess, settings.augment, options.seed),
        views_note=views_note(settings.augment, preprocess),
        leaks=leak_content(dataset),
        skipped=skipped_table(dataset),
    )


def inspect_options(settings: Settings) -> sections.InspectSection:
    """Return the settings of the group `inspect`, which every run of task=inspect has."""
    assert settings.inspect is not None
    return settings.inspect


def data_facts(dataset: ImageDataset, source: str) -> dict[str, str]:
    """Return the facts of the data set that the page shows."""
    pixels = dataset.pixels
    scale = pixels.pixel_scale_arcsec
    dtype = str(dataset.images.dtype)
    depth = dataset.framing.depth if dataset.framing and dataset.framing.depth else None
    facts = {
        "source": source,
        "image size": f"{dataset.image_px} x {dataset.image_px} px",
        "bands": ", ".join(pixels.bands),
        "depth": depth or DEPTHS.get(dtype, "float"),
        "stretch": pixels.stretch,
        "pixel scale": "unknown" if scale is None else f"{scale:g} arcsec",
        "splits": ", ".join(
            f"{split} {len(dataset.indices(split)):,}" for split in dataset.split_names
        ),
        "fingerprint": dataset.fingerprint,
    }
    if dataset.groups is not None:
        facts["groups"] = f"{len(np.unique(dataset.groups)):,}"
    return facts


def views_note(augmentation: sections.Augment, preprocess: Preprocess) -> str:
    """Return sentences on the stretch and the settings of the augmentation."""
    curve = preprocess.curve.name if preprocess.curve is not None else "none"
    compressed = "" if curve == "none" else f", stretched by {curve}"
    stored = {
        "linear": "Stored values are linear flux, shown from the faintest to the brightest pixel. The network "
        f"gets flux over the noise of the sky{compressed} and normalized",
        "asinh": "Stored values were stretched by asinh for display. The network gets them normalized",
        "srgb": "Stored values have the transfer curve of sRGB. The network gets them normalized",
    }[preprocess.stretch]
    options = augmentation.model_dump(exclude={"name"})
    named = "".join(f", {key} {value}" for key, value in options.items())
    views = f"{N_VIEWS} random views of augment={augmentation.name}{named}"
    if augmentation.name == "none":
        views = "augment=none changes nothing"
    return f"{stored}; all inputs of a class share one scale. Then {views}."
