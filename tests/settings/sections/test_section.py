from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest

from astroclf.settings import Settings, sections
from astroclf.settings.groups import GROUPS

SECTIONS = [Settings, *(section for classes in GROUPS.values() for section in classes)]


def is_bounded(annotation: Any, constraints: Sequence[Any]) -> bool:
    """Return True if every int and float of an annotation, at any depth, has an upper bound."""
    if annotation in (int, float):
        return any(hasattr(each, "le") or hasattr(each, "lt") for each in constraints)
    if get_origin(annotation) is Annotated:
        inner, *details = get_args(annotation)
        return is_bounded(inner, [each for one in details for each in getattr(one, "metadata", ())])
    if get_origin(annotation) is Literal:
        return True
    return all(is_bounded(inner, ()) for inner in get_args(annotation))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_number_has_an_upper_bound(section: type[sections.Section]) -> None:
    fields = section.model_fields.items()
    unbounded = [name for name, field in fields if not is_bounded(field.annotation, field.metadata)]
    assert unbounded == []
