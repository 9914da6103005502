"""Losses."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from astroclf.settings.metrics import TargetKind
from astroclf.settings.sections.section import CustomSection, Fraction, Section, refusal

Weight = Annotated[float, Field(ge=1e-6, le=1e6)]  # their ratios stay within float32
Weights = Annotated[tuple[Weight, ...], Field(min_length=1)]
ClassWeights = Literal["none", "balanced"] | Weights
Activation = Literal["softmax", "normalized_sigmoid", "sigmoid"]


class LossSection(Section):
    """Settings of every loss; `name` is the loss."""

    targets: ClassVar[tuple[TargetKind, ...]] = ("classes", "votes")  # that the loss accepts
    # Whether targets may be class probabilities or mixed fractions: soft labels, mixup, cutmix.
    takes_soft_targets: ClassVar[bool] = True

    name: str
    class_weights: ClassWeights

    @property
    def activation(self) -> Activation:
        """Activation of the logits of classes."""
        return "normalized_sigmoid"

    @property
    def needs_tree(self) -> bool:
        """True if the loss is of votes on the questions of a decision tree."""
        return False

    def obeys_tree(self, has_tree: bool) -> bool:
        """Return whether the predicted fractions obey the tree; a sigmoid for each answer does not."""
        return self.needs_tree

    @property
    def focal_gamma(self) -> float:
        """Exponent by which a focal loss distorts probabilities; 0 for every other loss."""
        return 0.0


class Ce(LossSection):
    targets = ("classes",)

    name: Literal["ce"]
    label_smoothing: Fraction

    @property
    def activation(self) -> Activation:
        return "softmax"


class Bce(LossSection):
    name: Literal["bce"]
    label_smoothing: Fraction


class Focal(LossSection):
    targets = ("classes",)

    name: Literal["focal"]
    form: Literal["sigmoid", "softmax"]
    gamma: Annotated[float, Field(ge=0, le=100)]
    alpha: Annotated[float, Field(gt=0, lt=1)] | Weights | None

    @property
    def activation(self) -> Activation:
        return "softmax" if self.form == "softmax" else "normalized_sigmoid"

    @property
    def focal_gamma(self) -> float:
        return self.gamma

    @model_validator(mode="after")
    def _weighs_classes_once(self) -> Self:
        if self.alpha is not None and self.class_weights != "none":
            raise refusal(
                f"loss.class_weights={self.class_weights} and loss.alpha={self.alpha} both weight the classes. "
                "Set loss.alpha=null or loss.class_weights=none."
            )
        if self.form == "softmax" and isinstance(self.alpha, float):
            raise refusal(
                f"loss.alpha={self.alpha:g}: loss.form=softmax needs a list with one weight per class. "
                "Give a list, or choose loss.form=sigmoid."
            )
        return self


class CustomLoss(LossSection, CustomSection):
    positional = 2  # logits and targets
    takes_soft_targets = False

    name: Literal["custom"]
    class_activation: Literal["softmax", "normalized_sigmoid"]

    @property
    def activation(self) -> Activation:
        return self.class_activation


class Mse(LossSection):
    targets = ("votes",)

    name: Literal["mse"]
    head: Literal["auto", "tree", "sigmoid"]

    @property
    def needs_tree(self) -> bool:
        return self.head == "tree"

    def obeys_tree(self, has_tree: bool) -> bool:
        return self.needs_tree or (self.head == "auto" and has_tree)


class VoteLikelihood(LossSection):
    """Settings of every likelihood of votes, in which weights of answers would bias the fractions."""

    targets = ("votes",)

    class_weights: Literal["none"]

    @property
    def needs_tree(self) -> bool:
        return True


class Multinomial(VoteLikelihood):
    name: Literal["multinomial"]


class DirichletMultinomial(VoteLikelihood):
    takes_soft_targets = False  # a mixture of two numbers of votes has another likelihood

    name: Literal["dirichlet_multinomial"]
    volunteers: Annotated[float, Field(ge=1, le=1e6)]
    concentration_scale: Annotated[float, Field(ge=1, le=1e4)]


Loss = Annotated[
    Ce | Bce | Focal | Mse | Multinomial | DirichletMultinomial | CustomLoss,
    Field(discriminator="name"),
]
