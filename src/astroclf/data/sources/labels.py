"""Names of classes and splits as users write them: cleaned, ordered, and checked for look-alikes."""

from __future__ import annotations

import logging
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable

from astroclf.data.dataset import TEST, TRAIN, VAL
from astroclf.errors import listed

SPLIT_WORDS = {
    TRAIN: ("train", "training"),
    VAL: ("val", "valid", "validation", "validate", "dev", "development"),
    TEST: ("test", "testing"),
}
SPLIT_OF = {word: split for split, words in SPLIT_WORDS.items() for word in words}
SET_SUFFIX = re.compile(r"[ _-]?(set|split|data|images)$")

log = logging.getLogger("astroclf")


def split_name(text: str) -> str:
    """Return `train`, `val` or `test` for the usual words of a split, any other name stripped.

    Case, surrounding blanks and a suffix such as `_set` are ignored: `Validation`, `dev` and
    `val_set` are `val`. Other names are splits that are only evaluated.
    """
    name = text.strip()
    return SPLIT_OF.get(SET_SUFFIX.sub("", name.lower()), name)


def class_name(text: str) -> str:
    """Return the name without surrounding blanks, in the Unicode form that joins letter and accent.

    Folders from macOS keep the two apart, and look the same.
    """
    return unicodedata.normalize("NFC", text.strip())


def ordered_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct names, sorted as numbers if all of them are numbers, else as text."""
    distinct = sorted(set(names))
    if all(_number(name) is not None for name in distinct):
        distinct.sort(key=float)
    return tuple(distinct)


def warn_of_look_alikes(classes: Iterable[str]) -> None:
    """Log a warning for classes that differ only in case, accents' encoding or number format."""
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for name in classes:
        number = _number(name)
        plain = unicodedata.normalize("NFKC", name).casefold()
        alike[" ".join(plain.split()) if number is None else number].append(name)
    pairs = [" and ".join(names) for names in alike.values() if len(names) > 1]
    if pairs:
        log.warning(
            "Classes that look alike are kept apart: %s. If they are one class, give them one name.",
            listed(pairs),
        )


def _number(text: str) -> float | None:
    """Return the finite decimal number that the text is, else None."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
