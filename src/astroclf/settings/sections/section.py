"""Section, the base of every group of conf/, and the types that groups share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from astroclf.files import user_path


def _expanded(text: str) -> str:
    try:
        return str(user_path(text))
    except ValueError as error:
        raise PydanticCustomError(
            "path", "Input should be {wanted}", {"wanted": str(error)}
        ) from error


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (bool, int, float)) else value


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    twice = next((seed for seed in seeds if seeds.count(seed) > 1), None)
    if twice is not None:
        wanted = f"different seeds; {twice} is given more than once"
        raise PydanticCustomError("seeds", "Input should be {wanted}", {"wanted": wanted})
    return seeds


def refusal(sentence: str) -> PydanticCustomError:
    """Return the error for values of a section that do not fit each other, in one sentence."""
    return PydanticCustomError(REFUSAL, "{sentence}", {"sentence": sentence})


REFUSAL = "refusal"  # the type of an error that is a whole sentence

Text = Annotated[str, BeforeValidator(_as_text)]  # a name, which may look like a number
UserPath = Annotated[Text, AfterValidator(_expanded)]  # of a file or folder, ~ expanded

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
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """Settings of one group of conf/: frozen, and without unknown keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )
