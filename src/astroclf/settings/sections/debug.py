"""Debugging aids: overfitting a few images, profiling, and anomaly detection."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Count, Section


class NoDebug(Section):
    """An ordinary run."""

    name: Literal["none"]


class Overfit(Section):
    """Training and validation on the same few images."""

    name: Literal["overfit"]
    n_images: Annotated[int, Field(ge=2, le=1000, strict=True)]
    epochs: Count


class Profile(Section):
    """Profile of training steps."""

    name: Literal["profile"]
    skip_steps: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    steps: Annotated[int, Field(ge=1, le=1000, strict=True)]  # each takes about a megabyte
    rows: Annotated[int, Field(ge=1, le=1000, strict=True)]


class Anomaly(Section):
    """Anomaly detection of autograd."""

    name: Literal["anomaly"]


Debug = Annotated[NoDebug | Overfit | Profile | Anomaly, Field(discriminator="name")]
