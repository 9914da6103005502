"""Patterns of the names of files with one band each, such as stamp-{band}-{id}.fits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from astroclf.settings.sections.dataset.file_pattern import BAND, FIELD

# Of each field in a path; any other field is a text without slashes.
NUMBER = r"[+-]?\d+(?:\.\d+)?"
FIELD_FORMS = {"ra": NUMBER, "dec": NUMBER}
PLACE = f"{{{BAND}}}"  # of the band in the name of an image


@dataclass(frozen=True)
class BandFile:
    """File of one band. image: its path with {band} in place of the band, the same for all bands of an
    image. fields: name -> text, without the band."""

    image: str
    band: str
    fields: Mapping[str, str]

    @property
    def id(self) -> str:
        return "_".join(self.fields.values())


@dataclass(frozen=True)
class FilePattern:
    """Pattern of the last parts of a path. bands: names that {band} may have, in order."""

    text: str
    bands: tuple[str, ...]

    @property
    def folders(self) -> int:
        """Number of folders in the pattern."""
        return self.text.count("/")

    @cached_property
    def _parts(self) -> list[str]:
        """Literal texts at even positions, names of fields at odd ones."""
        return FIELD.split(self.text)

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        longest_first = sorted(self.bands, key=len, reverse=True)
        forms = {**FIELD_FORMS, BAND: "|".join(map(re.escape, longest_first))}
        seen: set[str] = set()
        expression = "(?P<above>(?:.*/)?)"
        for position, part in enumerate(self._parts):
            if position % 2 == 0:
                expression += re.escape(part)
            elif part in seen:
                expression += f"(?P={part})"
            else:
                expression += f"(?P<{part}>{forms.get(part, '[^/]+')})"
                seen.add(part)
        return re.compile(expression)

    def match(self, path: str) -> BandFile | None:
        """Return the image and the band of a file, None if its path is not of the pattern."""
        found = self._expression.fullmatch(path)
        if found is None:
            return None
        fields = found.groupdict()
        above, band = fields.pop("above"), fields[BAND]
        texts = {**fields, BAND: PLACE}
        parts = [each if i % 2 == 0 else texts[each] for i, each in enumerate(self._parts)]
        return BandFile(
            above + "".join(parts), band, {k: v for k, v in fields.items() if k != BAND}
        )

    @property
    def states_positions(self) -> bool:
        """True if right ascension and declination are fields of the pattern."""
        return "ra" in self._parts

    def fields_of(self, image: str) -> Mapping[str, str]:
        """Return the fields of an image other than the band; empty if it is not of the pattern."""
        found = self.match(image.replace(PLACE, self.bands[0]))
        return {} if found is None else found.fields

    def id_of(self, image: str) -> str:
        """Return the id of an image: its fields other than the band, joined by underscores."""
        return "_".join(self.fields_of(image).values()) or image

    def files_of(self, image: str) -> list[str]:
        """Return the path of each band of an image, whether there is such a file or not."""
        return [image.replace(PLACE, band) for band in self.bands]

    def images_among(self, paths: Iterable[str], left_out: Counter[str]) -> Iterator[str]:
        """Yield each image of which a file is among the paths; count other files in left_out, by reason."""
        seen: set[str] = set()
        for path in paths:
            found = self.match(path)
            if found is None:
                left_out[self.mismatch] += 1
            elif found.image not in seen:
                seen.add(found.image)
                yield found.image

    @property
    def mismatch(self) -> str:
        """Reason to leave out a file."""
        return f"not of the pattern {self.text}"
