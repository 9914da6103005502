"""The data set of a run: loaded once per process, with its positive class."""

from __future__ import annotations

from collections.abc import Iterable

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.errors import UserError, listed
from astroclf.settings import Settings
from astroclf.settings.metrics import CLASSES, VOTES
from astroclf.tasks.cache import Cache


def get_dataset(settings: Settings, cache: Cache) -> ImageDataset:
    """Return the data set of the settings, with `evaluation.positive_class` as second class.

    Raise UserError as `load_dataset`, and if the positive class is not one of two classes.
    """
    name = settings.evaluation.positive_class

    def load() -> ImageDataset:
        dataset = load_dataset(settings.dataset)
        return dataset if name is None else order_classes(dataset, name)

    return cache.get_or_create("dataset", (settings.dataset, name), load)


def order_classes(dataset: ImageDataset, positive: str) -> ImageDataset:
    """Return the data set with two classes in the order (other, positive).

    Raise UserError unless there are two classes, one of that name.
    """
    if dataset.positive_class is None:
        kinds = {CLASSES: f"{len(dataset.classes)} classes", VOTES: "vote fractions"}
        raise UserError(
            f"evaluation.positive_class={positive}: only two classes have a positive one, and this data set has "
            f"{kinds[dataset.target_kind]}. "
            "Set evaluation.positive_class=null."
        )
    names = [positive] if positive in dataset.classes else _alike(positive, dataset.classes)
    if len(names) != 1:
        raise UserError(
            f"evaluation.positive_class={positive}: the classes are {listed(dataset.classes)}. Choose one of them."
        )
    return dataset if dataset.positive_class == names[0] else dataset.with_reversed_classes()


def _alike(name: str, classes: Iterable[str]) -> list[str]:
    """Return the classes of that name in any case, since YAML reads `true` as True."""
    return [each for each in classes if each.casefold() == name.strip().casefold()]
