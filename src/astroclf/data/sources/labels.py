"""Names of classes and splits: cleaned, ordered, and checked for names that are too similar."""

from __future__ import annotations

import logging
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable

from astroclf.data.dataset import TEST, TRAIN, VAL
from astroclf.errors import listed
from astroclf.tables import stripped

SPLIT_WORDS = {
    TRAIN: ("train", "training"),
    VAL: ("val", "valid", "validation", "validate", "dev", "development"),
    TEST: ("test", "testing"),
}
SPLIT_OF = {word: split for split, words in SPLIT_WORDS.items() for word in words}
SET_SUFFIX = re.compile(r"[ _-]?(set|split|data|images)$")

log = logging.getLogger(__name__)


def split_name(text: str) -> str:
    """Return `train`, `val` or `test` for the usual words of a split, any other name stripped.

    Case, surrounding blanks and a suffix such as `_set` are ignored: `Validation`, `dev` and
    `val_set` are `val`. Other names are splits that are only evaluated.
    """
    name = text.strip()
    return SPLIT_OF.get(SET_SUFFIX.sub("", name.lower()), name)


def class_name(text: str) -> str:
    """Return the name without surrounding blanks and invisible characters, in Unicode form NFC.

    Names of folders from macOS are decomposed (NFD) and look the same.
    """
    return unicodedata.normalize("NFC", stripped(text))


def ordered_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct names, sorted as numbers if all of them are numbers, else as text."""
    distinct = sorted(set(names))
    if all(_number(name) is not None for name in distinct):
        distinct.sort(key=float)
    return tuple(distinct)


def warn_of_similar_classes(classes: Iterable[str]) -> None:
    """Log a warning for classes that differ only in case, separators, encoding or number format."""
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for name in classes:
        number = _number(name)
        alike[plain_name(name) if number is None else number].append(name)
    pairs = [" and ".join(names) for names in alike.values() if len(names) > 1]
    if pairs:
        log.warning(
            "Classes with similar names are different classes: %s. If they are one class, give them one name.",
            listed(pairs),
        )


def warn_of_ambiguous_splits(splits: Iterable[str]) -> None:
    """Log a warning for splits that are only evaluated although their names begin with train or val."""
    for name in sorted(set(splits) - set(SPLIT_WORDS)):
        meant = re.match("[^a-z]*(train|val|dev)", name.lower())
        if meant:
            log.warning(
                "Split %s is only evaluated, not used for training or model selection. If it should be, "
                "name it %s.",
                name,
                SPLIT_OF[meant[1]],
            )


def plain_name(name: str) -> str:
    """Return the name without case, invisible characters, and the kind of its separators."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    visible = "".join(each for each in folded if unicodedata.category(each) != "Cf")
    return re.sub(r"[\s_-]+", " ", visible)


def _number(text: str) -> float | None:
    """Return the text as a finite decimal number, or None."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
