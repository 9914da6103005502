"""Groups of settings: their names, and the sections that each of them offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from astroclf.settings.sections import Section
from astroclf.settings.tree import Settings


def _classes(annotation: Any) -> Iterator[type[Section]]:
    """Yield the sections of an annotation: of a class, of a union, of a union with tags."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    elif get_origin(annotation) is Annotated:
        yield from _classes(get_args(annotation)[0])
    else:
        for inner in get_args(annotation):
            yield from _classes(inner)


# group -> the classes of its alternatives, of which a group without alternatives has one
GROUPS: dict[str, tuple[type[Section], ...]] = {
    name: classes
    for name, field in Settings.model_fields.items()
    if (classes := tuple(_classes(field.annotation)))
}


def selector_of(group: str) -> str | None:
    """Return the key whose value selects the section of a group, None where there is one alone."""
    if len(GROUPS[group]) == 1:
        return None
    discriminator = Settings.model_fields[group].discriminator
    return discriminator if isinstance(discriminator, str) else "name"


def choices_of(group: str) -> dict[str, type[Section]]:
    """Return the sections of a group by the values of the key that selects them.

    A section that takes any value there, as that of timm's optimizers, is not among them.
    """
    selector = selector_of(group)
    if selector is None:
        return {}
    return {
        value: section
        for section in GROUPS[group]
        for value in get_args(section.model_fields[selector].annotation)
    }
