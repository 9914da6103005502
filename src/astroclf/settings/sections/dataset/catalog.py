"""Image files listed in a table."""

from __future__ import annotations

from typing import Literal

from astroclf.settings.sections.dataset.labeled_images import LabeledImages
from astroclf.settings.sections.dataset.labeled_table import LabeledTable
from astroclf.settings.sections.section import Text, UserPath


class Catalog(LabeledImages, LabeledTable):
    name: Literal["catalog"]
    image_root: UserPath | None
    image_column: Text
