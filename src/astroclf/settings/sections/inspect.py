"""Content of the page of task=inspect."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from astroclf.settings.sections.section import Count, Section, Seed, Text, UserPath

Ablation = Literal["gray", "center", "border", "blur", "dim", "rotate_90", "rotate_45"]


class InspectSection(Section):
    ids: tuple[Text, ...]
    per_class: Annotated[int, Field(ge=1, le=100, strict=True)]
    max_images: Count
    seed: Seed
    split: Text | None
    map: Literal["auto", "umap", "pca"]
    neighbors: Annotated[int, Field(ge=1, le=100, strict=True)]
    ablations: tuple[Ablation, ...]
    center_fraction: Annotated[float, Field(ge=0.05, le=0.95)]
    blur_fwhm_px: Annotated[float, Field(ge=0.5, le=100)]
    dim_factor: Annotated[float, Field(gt=0, lt=1)]
    predictions: UserPath | None
