"""The content of bundle.json as a pydantic model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from astroclf.bundle.migrations import migrate
from astroclf.data.formats import Depth
from astroclf.data.framing import Framing
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.pixels import Pixels
from astroclf.data.preprocess import Preprocess
from astroclf.evaluation.decisions.decision import Decision
from astroclf.models.bundle_files import FORMAT


class Description(BaseModel):
    """Content of bundle.json: everything but the weights.

    decision: from logits to probabilities and labels. tta_views: number of exact views of an image
    whose logits are averaged. framing: from image files to images; None where the training images
    came from no file. cutouts: from mosaics to stamps, likewise. depth: of their values; None in a bundle of an older format. model: settings
    of the network. reference_checksum: None for a bundle without reference. provenance: code, software and date. facts: settings of the data set and metrics
    of the run.
    """

    format: int = FORMAT
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    decision: Decision
    tta_views: Literal[1, 8]
    framing: Framing | None
    cutouts: CutoutParameters | None = None
    image_px: Annotated[int, Field(ge=1)]
    depth: Depth | None
    pixels: Pixels
    preprocess: Preprocess
    model: dict[str, Any]
    weights_checksum: str | None = None
    reference_checksum: str | None = None
    provenance: dict[str, str]
    facts: dict[str, Any]

    @model_validator(mode="after")
    def _require_agreement(self) -> Description:
        """Raise ValueError unless the parts are of the same bands, classes and size."""
        scaling, pixels, framing = self.preprocess, self.pixels, self.framing
        counts = {len(row) for row in self.decision.rows}
        statistics = (scaling.unit, scaling.mean, scaling.std)
        demands = {
            "preprocess is for the bands of pixels": {len(numbers) for numbers in statistics}
            == {len(pixels.bands)},
            "the stretch of flux is for these bands": scaling.curve is None
            or len(scaling.curve.zero) == len(pixels.bands),
            "numbers of preprocess are finite": all(
                math.isfinite(number) for numbers in statistics for number in numbers
            ),
            "unit and std are above 0": min((*scaling.unit, *scaling.std), default=0) > 0,
            "stretch is the same in preprocess and pixels": scaling.stretch == pixels.stretch,
            "framing yields such images": framing is None
            or (framing.bands, framing.stretch, framing.image_px, framing.depth)
            == (pixels.bands, pixels.stretch, self.image_px, self.depth),
            "the decision is for these classes": counts <= {len(self.classes)}
            and self.decision.activation.answers in (None, self.classes),
        }
        for demand, is_met in demands.items():
            if not is_met:
                raise ValueError(f"it is not so that {demand}")
        return self


def parse_description(content: Mapping[str, Any]) -> Description:
    """Return the description in a bundle.json of any readable format.

    Raises ValueError or UserError for values of the wrong type, and for parts that do not agree.
    """
    content = migrate(content)
    description = Description.model_validate_json(json.dumps(content), strict=True)
    Decision.from_dict(content["decision"])  # refuses unknown steps
    return description
