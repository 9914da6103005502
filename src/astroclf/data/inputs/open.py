"""Choice of the kind of an input by what its path leads to."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astroclf.data.arrow import ARROW, ArrowFile
from astroclf.data.crops import CatalogCrop
from astroclf.data.formats.registry import suffix_reason, suffixes
from astroclf.data.framing import Framing
from astroclf.data.hdf5 import SUFFIXES as HDF5
from astroclf.data.inputs.archive import ArchiveInput
from astroclf.data.inputs.coordinates import choose_coordinates, open_coordinates
from astroclf.data.inputs.folder import FilesInput, FolderInput
from astroclf.data.inputs.hdf5 import open_hdf5
from astroclf.data.inputs.image_column import ImageColumn, find_image_column
from astroclf.data.inputs.source import ImageInput
from astroclf.data.inputs.table import PARQUET, TableInput, choose_columns, column_names
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.errors import UserError, listed

CSV = (".csv", ".tsv", ".txt", ".csv.gz")
GIGABYTE = 10**9


@dataclass(frozen=True)
class InputOptions:
    """Options of an input, as the keys of `predict` of the same names.

    features_columns: catalog columns that the model takes, which are kept as well.
    """

    path_column: str | None = None
    id_column: str | None = None
    keep_columns: tuple[str, ...] = ()
    image_columns: Mapping[str, str] | None = None
    pattern: str | None = None
    image_root: str | None = None
    images: str | None = None
    max_gigabytes: float = 100.0
    frames: str | None = None
    ra_column: str | None = None
    dec_column: str | None = None
    features_columns: tuple[str, ...] = ()


def open_input(
    path: Path,
    framing: Framing,
    options: InputOptions,
    key: str = "predict.input",
    cutouts: CutoutParameters | None = None,
) -> ImageInput:
    """Return the images of a folder, a zip archive, a table, an HDF5 file, or of one image file.

    key: names the input in messages. cutouts: of a model that was trained on stamps of mosaics: a table
    without a path column then holds coordinates. Raise UserError if there is no such path, if it is of no such
    kind, or if it holds no images.
    """
    title = f"{key}={path}"
    framing = _with_band_files(framing, options)
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except ValueError:  # a zero byte
        is_folder = is_file = False
    if not is_folder and not is_file:
        raise UserError(
            f"{title} does not exist. Give a folder, a zip archive, a table, an HDF5 file or an image."
        )
    if isinstance(framing.crop, CatalogCrop) and not path.name.lower().endswith((*CSV, *PARQUET)):
        raise UserError(
            f"{title} has no positions, and this model takes {framing.crop}. Give a table with the columns "
            f"{listed(framing.crop.columns)}."
        )
    features = [each for each in options.features_columns if each not in options.keep_columns]
    options = replace(options, keep_columns=(*options.keep_columns, *features))
    images = (
        FolderInput(title, path, framing)
        if is_folder
        else _open_file(title, path, framing, options, cutouts)
    )
    if len(images) == 0:
        others = listed(f"{reason} ({count:,})" for reason, count in images.left_out.items())
        found = f"no images, only other files: {others}" if others else "no images"
        wanted = (
            f"images such as {', '.join(suffixes()[:4])} or .fits"
            if framing.pattern is None
            else f"files that fit the model's pattern {framing.pattern}, or set predict.pattern"
        )
        raise UserError(f"{title} holds {found}. Give {wanted}.")
    return images


def _with_band_files(framing: Framing, options: InputOptions) -> Framing:
    """Return the framing with the files of bands that the options state, if they state any."""
    if options.pattern is not None:
        framing = replace(framing, pattern=options.pattern)
    if options.image_columns is None:
        return framing
    lacking = [band for band in framing.bands if band not in options.image_columns]
    if lacking:
        raise UserError(
            f"predict.image_columns: no column of {listed(lacking)}. Name one for each band of the model, {listed(framing.bands)}."
        )
    columns = tuple(options.image_columns[band] for band in framing.bands)
    return replace(framing, image_columns=columns)


def require_features(title: str, table: Path, wanted: Sequence[str]) -> None:
    """Raise UserError unless the table has the catalog columns that the model takes."""
    names = column_names(table, wanted) if wanted else ()
    lacking = [name for name in wanted if name not in names]
    if lacking:
        raise UserError(
            f"{title} has no column {listed(lacking)}, which the model takes beside each image, only {listed(names)}. Add or rename it."
        )


def _open_file(
    title: str,
    path: Path,
    framing: Framing,
    options: InputOptions,
    cutouts: CutoutParameters | None,
) -> ImageInput:
    name = path.name.lower()
    is_table = name.endswith((*CSV, *PARQUET))
    if is_table and cutouts is not None and options.path_column is None:
        require_features(title, path, options.features_columns)
        return _open_coordinates(title, path, options, cutouts)
    if name.endswith((*PARQUET, *ARROW)) and options.path_column is None:
        content = ArrowFile(title, path)
        column = find_image_column(content, options.images)
        if column is not None:
            return ImageColumn(content, column, options.id_column, options.keep_columns, framing)
    if is_table:
        require_features(title, path, options.features_columns)
        columns = choose_columns(
            *(title, path, options.path_column, options.id_column, options.keep_columns),
            framing=framing,
        )
        folder = Path(options.image_root or path.parent)
        return TableInput(title, path, folder, columns, framing)
    if name.endswith(HDF5):
        return open_hdf5(
            title, path, framing, options.images, options.id_column, options.keep_columns
        )
    if suffix_reason(name) is None:
        return FilesInput(title, [str(path)], framing)
    if zipfile.is_zipfile(path):
        return ArchiveInput(title, path, framing, options.max_gigabytes * GIGABYTE)
    raise UserError(
        f"{title} is no folder, zip archive, table ({', '.join((*CSV, *PARQUET, *ARROW))}), HDF5 file "
        f"({', '.join(HDF5)}) or image. Rename it if its extension is wrong."
    )


def _open_coordinates(
    title: str, path: Path, options: InputOptions, cutouts: CutoutParameters
) -> ImageInput:
    columns = choose_coordinates(
        *(title, path, options.ra_column, options.dec_column),
        *(options.id_column, options.keep_columns),
    )
    return open_coordinates(title, path, columns, cutouts, options.frames)
