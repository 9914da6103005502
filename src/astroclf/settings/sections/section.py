"""Section, the base of every group of conf/, and the types that groups share."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from astroclf.files import user_path
from astroclf.settings.targets import accepts, check_arguments, import_target


def _expanded(text: str) -> str:
    try:
        return str(user_path(text))
    except ValueError as error:
        raise PydanticCustomError(
            "path", "Input should be {wanted}", {"wanted": str(error)}
        ) from error


def listed(value: Any) -> Any:
    """Return a list of one for a single text, and anything else as it is."""
    return (value,) if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (bool, int, float)) else value


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    twice = next((seed for seed in seeds if seeds.count(seed) > 1), None)
    if twice is not None:
        wanted = f"different seeds; {twice} is given more than once"
        raise PydanticCustomError("seeds", "Input should be {wanted}", {"wanted": wanted})
    return seeds


def _importable(path: Any) -> str:
    try:
        import_target(str(path))
    except ValueError as error:
        raise PydanticCustomError(REASON, "{reason}", {"reason": str(error)}) from error
    return str(path)


def refusal(sentence: str) -> PydanticCustomError:
    """Return the error for values of a section that do not fit each other, in one sentence."""
    return PydanticCustomError(REFUSAL, "{sentence}", {"sentence": sentence})


# Types of errors whose message is a whole sentence, or the part of it that follows the value.
REFUSAL, REASON = "refusal", "reason"

Text = Annotated[str, BeforeValidator(_as_text)]  # a name, which may look like a number
UserPath = Annotated[Text, AfterValidator(_expanded)]  # of a file or folder, ~ expanded
Target = Annotated[str, BeforeValidator(_importable)]  # import path of a function or class

# Every number has an upper bound: beyond it a run would overflow, or never end.
Positive = Annotated[float, Field(gt=0, le=1e6)]
NonNegative = Annotated[float, Field(ge=0, le=1e6)]
LearningRate = Annotated[float, Field(gt=0, le=1e30)]  # float32 holds 3e38
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]  # strict: true is not 1
Patience = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Pixels = Annotated[int, Field(ge=1, le=100_000, strict=True)]
# Within these bounds and the pixel scales of `Simulated`, every simulated source has a finite flux.
Seeing = Annotated[float, Field(ge=0.05, le=20)]
SignalToNoise = Annotated[float, Field(ge=0.1, le=1e5)]
Bins = Annotated[int, Field(ge=1, le=1000, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]  # what PyTorch and NumPy both take
Seeds = Annotated[
    tuple[Seed, ...], Field(min_length=1, max_length=10_000), AfterValidator(_distinct)
]
ModelFrom = Annotated[tuple[Text, ...], BeforeValidator(listed), Field(min_length=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """Settings of one group of conf/: frozen, and without unknown keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )


class CustomSection(Section):
    """Settings of an option that is implemented outside of astroclf.

    positional: number of arguments that astroclf passes to a function by position; to a class none.
    optional: names of arguments that are passed if the target has them.
    """

    positional: ClassVar[int] = 0
    optional: ClassVar[tuple[str, ...]] = ()

    target: Target
    kwargs: dict[str, Any]  # further arguments of the target

    @field_validator("kwargs")
    @classmethod
    def _fit_the_target(cls, kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "target" in info.data:
            target = import_target(info.data["target"])
            positional = 0 if inspect.isclass(target) else cls.positional
            optional = {name: None for name in cls.optional if accepts(target, name)}
            try:
                check_arguments(target, positional, {**optional, **kwargs})
            except ValueError as error:
                raise PydanticCustomError(REASON, "{reason}", {"reason": str(error)}) from error
        return kwargs
