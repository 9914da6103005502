"""Check of patterns of file names, such as stamp-{band}-{id}.fits."""

from __future__ import annotations

import re

from astroclf.settings.sections.section import refusal

BAND = "band"
FIELDS = (BAND, "id", "ra", "dec")
FIELD = re.compile(r"\{(\w*)\}")


def check_pattern(key: str, pattern: str) -> None:
    """Raise the error for a pattern without {band} or without other fields, or with unknown ones."""
    fields = FIELD.findall(pattern)
    unknown = [field for field in fields if field not in FIELDS]
    example = "stamp-{band}-{id}.fits"
    if unknown or re.sub(FIELD, "", pattern).strip("{}") != re.sub(FIELD, "", pattern):
        raise refusal(
            f"{key}={pattern}: fields are {', '.join(f'{{{field}}}' for field in FIELDS)}. Give a pattern such as {example}."
        )
    if BAND not in fields or set(fields) == {BAND}:
        raise refusal(
            f"{key}={pattern}: needs {{band}}, and {{id}} or {{ra}} and {{dec}}. Give a pattern such as {example}."
        )
    if ("ra" in fields) != ("dec" in fields):
        raise refusal(f"{key}={pattern}: has one of {{ra}} and {{dec}}. Give both or neither.")
