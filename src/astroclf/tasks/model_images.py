"""Images of a data set for a trained model: prepared as its training images were, and checked."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

import yaml

from astroclf.bundle import Bundle
from astroclf.data.crops import CatalogCrop
from astroclf.data.dataset import ImageDataset
from astroclf.data.framing import Framing
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.sources import load_labeled_images
from astroclf.data.sources.crop_settings import crop_settings, place_settings
from astroclf.errors import UserError
from astroclf.installation import CONF
from astroclf.settings import sections
from astroclf.settings.metrics import CLASSES, VOTES
from astroclf.tasks.bundle_description import depth_of

KINDS = {CLASSES: "classes", VOTES: "vote fractions"}
FRAMED = ("crop_px", "stretch", "hdu", "sky")  # settings of image files that a framing keeps

Source = TypeVar("Source", bound=sections.Files)
Mosaics = TypeVar("Mosaics", bound=sections.Mosaics)

log = logging.getLogger(__name__)


def read_images(section: sections.Dataset, model: Bundle) -> ImageDataset:
    """Return labeled images of a source, prepared as the training images of the model were."""
    if model.columns:
        section = with_columns(section, model.columns)
    if isinstance(section, sections.Files):
        section = framed(section, model)
    elif isinstance(section, sections.Mosaics) and model.cutouts is not None:
        section = cut_as_trained(section, model.cutouts)
    return load_labeled_images(section)


def with_columns(section: sections.Dataset, columns: tuple[str, ...]) -> sections.Dataset:
    """Return the settings of a source that reads the catalog columns of the model.

    Raises UserError for a source without columns.
    """
    if not section.has_columns:
        raise UserError(
            f"dataset={section.name}: the model takes the catalog columns {', '.join(columns)} beside each image, and this source "
            "has no table with columns. Choose dataset=catalog."
        )
    if isinstance(section, sections.TableLabels):
        return section.model_copy(update={"features_columns": columns})
    return section


def cut_as_trained(section: Mosaics, cutouts: CutoutParameters) -> Mosaics:
    """Return the settings of mosaics that cut stamps as those of the training; their edges remain a choice."""
    return section.model_copy(
        update={
            "bands": cutouts.bands,
            "cutout_px": cutouts.image_px,
            "cutout_arcsec": None,
            "pixel_scale_arcsec": cutouts.pixel_scale_arcsec,
            "center": cutouts.center,
            "pixel_values": cutouts.pixel_values,
            "mask_neighbors": cutouts.mask_neighbors,
            "match_psf": cutouts.psf_fwhm_arcsec or "none",
            "sky": cutouts.sky,
        }
    )


def framed(section: Source, model: Bundle) -> Source:
    """Return the settings of image files with the size, crop, stretch and channels of the model."""
    framing, trained = model.framing, model.facts.get("dataset", {})
    wanted: dict[str, Any] = {"image_px": model.image_px}
    if framing is not None:
        wanted |= {key: getattr(framing, key) for key in FRAMED} | crop_settings(framing.crop)
    defaults = yaml.safe_load((CONF / "image_files.yaml").read_text(encoding="utf-8"))
    for key, value in wanted.items():
        given = getattr(section, key)
        if given not in (value, defaults[key]):
            log.warning(
                "dataset.%s=%s is not used: the images are prepared as the training images of the model, with %s.",
                key,
                given,
                value,
            )
    if section.channels == "auto" and trained.get("channels") in (1, 3):
        wanted["channels"] = trained["channels"]
    if framing is not None:
        wanted |= _places_of(section, framing)
    if framing is not None and framing.choice is not None:
        wanted |= _bands_of(section, framing)
    return section.model_copy(update=wanted)


def _places_of(section: sections.Files, framing: Framing) -> dict[str, Any]:
    """Return the settings of the positions that the images of a model are cut around.

    Raise UserError for a source without positions.
    """
    if not isinstance(framing.crop, CatalogCrop):
        return {}
    if not isinstance(section, sections.Catalog):
        raise UserError(
            f"dataset={section.name}: the model takes {framing.crop}. Give dataset=catalog with a table of these columns."
        )
    return place_settings(framing.crop, section)


def _bands_of(section: sections.Files, framing: Framing) -> dict[str, Any]:
    """Return the settings of the bands of a model, as far as the section does not state its own files."""
    wanted: dict[str, Any] = {"missing_band": framing.missing_band}
    if section.band_names is None:
        planes = framing.planes or framing.bands
        is_renamed = planes != framing.bands
        wanted["bands"] = (
            dict(zip(framing.bands, planes, strict=True)) if is_renamed else framing.bands
        )
        if isinstance(section, sections.ImageFolder) and framing.pattern is not None:
            wanted["pattern"] = framing.pattern
        if isinstance(section, sections.Catalog) and framing.image_columns is not None:
            columns = zip(framing.bands, framing.image_columns, strict=True)
            wanted["image_columns"] = dict(columns)
    elif set(section.band_names) == set(framing.bands) and not isinstance(section.bands, dict):
        wanted["bands"] = framing.bands  # in the order of the model
    return wanted


def require_same_images(dataset: ImageDataset, model: Bundle) -> None:
    """Raise UserError unless the images have the labels, bands, size and depth of the training images."""
    kind = CLASSES if model.decision.activation.rows_sum_to_one else VOTES
    if dataset.target_kind != kind:
        raise UserError(
            f"dataset: the labels are {KINDS[dataset.target_kind]}, but the model predicts {KINDS[kind]}. Give images "
            f"with {KINDS[kind]}."
        )
    given, wanted = dataset.pixels.bands, model.pixels.bands
    if given != wanted:
        convert = (
            f" or convert them with dataset.channels={len(wanted)}"
            if _converts(given, wanted)
            else ""
        )
        raise UserError(
            f"dataset: the images have the bands {', '.join(given)}, but the model was trained on {', '.join(wanted)}. "
            f"Give images of those bands{convert}."
        )
    depth = depth_of(dataset)
    if model.depth not in (None, depth):
        raise UserError(
            f"dataset: the images have {depth} values, but the model was trained on {model.depth} ones. Give images of "
            "that depth."
        )
    if dataset.image_px != model.image_px:
        raise UserError(
            f"dataset.image_px={dataset.image_px}: the model was trained on images of {model.image_px} px. Give images "
            "of that size."
        )


def _converts(given: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return {len(given), len(wanted)} == {1, 3}
