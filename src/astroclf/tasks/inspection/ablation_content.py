"""Accuracy of a model under ablations of the images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astroclf.data.ablations import AblationSettings, ablate
from astroclf.data.dataset import ImageDataset
from astroclf.data.thumbnails import sky_noise, thumbnails_of
from astroclf.evaluation.paired_accuracy import PairedAccuracy, compare_accuracy, compare_classes
from astroclf.evaluation.resampling import Resampling
from astroclf.reports.inspect.content import AblationContent, LossRow
from astroclf.reports.pictures import Gallery, Picture
from astroclf.settings import sections
from astroclf.status import status
from astroclf.tasks.inspection.examined import Examined, chunks
from astroclf.tasks.inspection.selection import images_of_class

EXAMPLES_OF_CLASSES = 8  # classes with an example image


def ablation_content(
    examined: Examined, options: sections.InspectSection, resamples: int
) -> AblationContent | None:
    """Return the losses of accuracy on the sample under each ablation; None for vote fractions.

    resamples: largest number of jackknife replicates where there are groups.
    """
    right = examined.is_right
    names = usable(examined.dataset, options.ablations)
    if right is None or not names:
        return None
    dataset, positions = examined.dataset, examined.positions
    before, labels = right[examined.in_sample], dataset.targets[positions]
    groups = None if dataset.groups is None else dataset.groups[positions]
    resampling = Resampling(resamples, options.seed, groups)
    rows = []
    for name in names:
        after = labels_under(examined, name, options) == labels
        overall = compare_accuracy(before, after, resampling)
        of_classes = compare_classes(before, after, labels, dataset.classes, resampling)
        rows += [loss_row(name, key, each) for key, each in {"": overall, **of_classes}.items()]
    return AblationContent(
        described={name: describe(name, options) for name in names},
        rows=rows,
        examples=examples(dataset, names, options),
    )


def usable(dataset: ImageDataset, names: Sequence[str]) -> list[str]:
    """Return the ablations without `gray` for images of one band, which have no color."""
    return [name for name in names if name != "gray" or dataset.channels > 1]


def labels_under(examined: Examined, name: str, options: sections.InspectSection) -> np.ndarray:
    """Return the labels (n,) that the model gives the sample under an ablation."""
    dataset, bundle = examined.dataset, examined.bundle
    labels, done = [], 0
    with status(f"ablation {name}", len(examined.positions), unit="image") as shown:
        for images in chunks(dataset, examined.positions):
            changed = ablate(
                images,
                name,
                ablation_settings(options),
                dataset.pixels.stretch,
                options.seed + done,
            )
            labels.append(bundle.decision.labels(bundle.predict(changed)))
            done += len(images)
            shown.update(len(images))
    return np.concatenate(labels)


def ablation_settings(options: sections.InspectSection) -> AblationSettings:
    """Return the parameters of the ablations."""
    return AblationSettings(options.center_fraction, options.blur_fwhm_px, options.dim_factor)


def loss_row(ablation: str, name: str, compared: PairedAccuracy) -> LossRow:
    """Return the row of the table; name: of the class, "" for all images."""
    return LossRow(
        ablation=ablation,
        name=name,
        n=compared.n,
        before=compared.before,
        after=compared.after,
        loss=compared.before - compared.after,
        ci95=compared.loss["ci95"],
        note=compared.loss.get("note", ""),
    )


def describe(name: str, options: sections.InspectSection) -> str:
    """Return the change of the images as a phrase."""
    part = f"the central disk of {options.center_fraction:g} of the width"
    return {
        "gray": "every band replaced by the mean of all",
        "center": f"only {part} kept, the rest replaced by sky",
        "border": f"{part} replaced by sky",
        "blur": f"convolved with a Gaussian of {options.blur_fwhm_px:g} px FWHM, at the same noise",
        "dim": f"flux above the sky times {options.dim_factor:g}, at the same noise",
        "rotate_90": "turned by 90 degrees",
        "rotate_45": "turned by 45 degrees, resampled, at the same noise",
    }[name]


def examples(
    dataset: ImageDataset, names: Sequence[str], options: sections.InspectSection
) -> list[Gallery]:
    """Return one image of each of the first classes, as it is and under each ablation."""
    settings, galleries = ablation_settings(options), []
    for k, title in enumerate(dataset.classes[:EXAMPLES_OF_CLASSES]):
        positions = images_of_class(dataset, k, 1, options.seed)
        if not len(positions):
            continue
        image = np.asarray(dataset.images[positions])
        changed = [
            ablate(image, name, settings, dataset.pixels.stretch, options.seed) for name in names
        ]
        shown = thumbnails_of(np.concatenate([image, *changed]), dataset.pixels, sky_noise(image))
        pictures = [
            Picture(each, lines=[line])
            for each, line in zip(shown, ["as it is", *names], strict=True)
        ]
        galleries.append(Gallery(title, str(dataset.ids[positions[0]]), pictures))
    return galleries
