"""Tracking of runs."""

from __future__ import annotations

import warnings
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from astroclf.settings.sections.section import Section, Text, refusal


def _registrable(name: str) -> str:
    if not name.strip() or {"/", ":", "'"} & set(name):
        wanted = "a name without / : and '"
        raise PydanticCustomError("name", "Input should be {wanted}", {"wanted": wanted})
    return name


class Untracked(Section):
    name: Literal["none"]


with warnings.catch_warnings():
    # Every class has the method `register` of ABCMeta, which settings do not need.
    warnings.filterwarnings("ignore", 'Field name "register"')

    class Mlflow(Section):
        name: Literal["mlflow"]
        uri: str | None
        experiment: Text | None
        run_name: Text | None
        log_model: Annotated[bool, Field(strict=True)]
        register: Annotated[Text, AfterValidator(_registrable)] | None
        system_metrics: Annotated[bool, Field(strict=True)]

        @model_validator(mode="after")
        def _register_what_is_logged(self) -> Self:
            if self.register is not None and not self.log_model:
                raise refusal(
                    f"tracking.register={self.register}: only a logged model can be registered. Set "
                    "tracking.log_model=true as well."
                )
            return self


Tracking = Annotated[Untracked | Mlflow, Field(discriminator="name")]
