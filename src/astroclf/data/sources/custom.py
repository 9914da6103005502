"""A source of the user, by its import path."""

from __future__ import annotations

from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError, one_line
from astroclf.settings import sections
from astroclf.settings.targets import import_target


def load(settings: sections.CustomSource) -> ImageDataset:
    """Return the data set that the target returns for `kwargs`.

    Raises UserError if it fails, or returns something else, or targets of another kind.
    """
    place = f"dataset.target={settings.target}"
    try:
        dataset = import_target(settings.target)(**settings.kwargs)
    except UserError:
        raise
    except Exception as error:  # the code is the user's, and may raise anything
        raise UserError(f"{place}: failed ({one_line(error).rstrip('.')}).") from error
    if not isinstance(dataset, ImageDataset):
        raise UserError(
            f"{place}: returned {type(dataset).__name__}. Return an astroclf.data.dataset.ImageDataset."
        )
    if dataset.target_kind != settings.targets:
        raise UserError(
            f"dataset.targets={settings.targets}: {settings.target} returned {dataset.target_kind}."
        )
    return dataset
