"""Check a composed configuration: typed settings, or a UserError of one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.settings.agreement import check_agreement
from astroclf.settings.explain import explain_error
from astroclf.settings.tree import Settings


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check every value and every combination of values.

    config: the composed configuration as plain containers, without Hydra's own node.

    Raises UserError with one sentence for the first value that is wrong.
    """
    values = {key: value for key, value in config.items() if key not in ("resume", "rerun")}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise UserError(explain_error(error.errors(include_url=False), values)) from error
    check_agreement(settings)
    return settings


def read_model(values: Mapping[str, Any]) -> sections.Model:
    """Return the section of a model, from values as they are stored beside its weights.

    Raises pydantic.ValidationError, which is a ValueError, if they are not those of a model.
    """
    return TypeAdapter[sections.Model](sections.Model).validate_python(values)
