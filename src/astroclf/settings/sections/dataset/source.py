"""Settings that every source of images has."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.section import Fraction, Section, Seed, UserPath, refusal


class DatasetSection(Section):
    """Settings of every source of images; `name` is the source."""

    name: str
    cache: UserPath
    val_fraction: Fraction
    test_fraction: Fraction
    split_seed: Seed
    near_duplicates: bool
    on_leak: Literal["warn", "stop", "move"]

    @property
    def target_kind(self) -> TargetKind:
        """Kind of the targets: classes, or vote fractions."""
        return "classes"

    @property
    def has_soft_targets(self) -> bool:
        """True if the training targets of classes are probabilities."""
        return False

    @property
    def has_columns(self) -> bool:
        """True if the source can read catalog columns beside the images (model.features_columns)."""
        return False

    @property
    def has_tree(self) -> bool | None:
        """True if votes are on the questions of a decision tree; None if the settings do not determine it."""
        return False

    @property
    def source(self) -> str:
        """Origin of the images: a folder, a table, or the name of the section."""
        return self.name

    @model_validator(mode="after")
    def _leaves_images_to_train_on(self) -> Self:
        if self.val_fraction + self.test_fraction >= 1:
            raise refusal(
                f"dataset.val_fraction={self.val_fraction:g} and dataset.test_fraction="
                f"{self.test_fraction:g} leave no images to train on. Choose a sum below 1."
            )
        return self
