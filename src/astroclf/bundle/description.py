"""The content of bundle.json as a pydantic model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from astroclf.data.pixels import Pixels
from astroclf.data.preprocess import Preprocess
from astroclf.evaluation.decisions.decision import Decision
from astroclf.models.bundle_files import FORMAT

Depth = Literal["8-bit", "16-bit", "flux"]
Count = Annotated[int, Field(ge=1)]


class FileCut(BaseModel):
    """Crop, size and depth with which a file becomes an image (see `data.decode.fit`)."""

    crop_px: Count | None
    image_px: Count
    channels: Count


class Description(BaseModel):
    """Content of bundle.json: everything but the weights.

    depth: of the training images: 8-bit or 16-bit files, or flux (float32 arrays that come from no
    image file); None in a bundle of an older format. decision: from logits to probabilities and
    labels. views: number of exact views of an image whose logits are averaged. model: the settings
    of the network. made_by: code, software and date. facts: what else a reader should know (the data
    set, the metrics).
    """

    format: int = FORMAT
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    has_votes: bool
    decision: Decision
    views: Literal[1, 8]
    cut: FileCut
    image_px: Count
    depth: Depth | None
    pixels: Pixels
    preprocess: Preprocess
    model: dict[str, Any]
    weights_checksum: str | None = None
    made_by: dict[str, str]
    facts: dict[str, Any]

    @model_validator(mode="after")
    def _require_agreement(self) -> Description:
        """Raise ValueError unless the parts are of the same bands, classes and size."""
        scaling, bands = self.preprocess, len(self.pixels.bands)
        rows = [getattr(self.decision, name) for name in vars(self.decision)]
        counts = {len(row) for row in rows if isinstance(row, tuple)}
        numbers = (*scaling.unit, *scaling.mean, *scaling.std)
        demands = {
            "preprocess and cut are for the bands of pixels": {
                len(scaling.unit),
                len(scaling.mean),
                len(scaling.std),
                self.cut.channels,
            }
            == {bands},
            "numbers of preprocess are finite": all(map(math.isfinite, numbers)),
            "unit and std are above 0": min((*scaling.unit, *scaling.std), default=0) > 0,
            "stretch is the same in preprocess and pixels": scaling.stretch == self.pixels.stretch,
            "image_px is the same in cut": self.cut.image_px == self.image_px,
            "the decision is for these classes": counts <= {len(self.classes)},
            "vote fractions have sigmoids": self.has_votes
            == (self.decision.activation == "sigmoid"),
        }
        for demand, is_met in demands.items():
            if not is_met:
                raise ValueError(f"it is not so that {demand}")
        return self


def parse_description(content: Mapping[str, Any]) -> Description:
    """Return the description in a bundle.json of any format that can be read.

    Raises ValueError or UserError for values of the wrong type, and for parts that do not agree.
    """
    content = dict(content)
    if content["format"] < FORMAT:
        content |= {"depth": None, "made_by": {}}
        model = content.get("model")
        if isinstance(model, dict) and model.get("family") == "timm":
            content["model"] = {"features": "last", **model}  # unknown to format 2
    description = Description.model_validate_json(json.dumps(content), strict=True)
    Decision.from_dict(content["decision"])  # refuses unknown steps
    return description
