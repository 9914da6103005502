from __future__ import annotations

import numpy as np

from astroclf.reports.pictures import Picture


def test_the_alternative_text_joins_what_is_stated() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    assert Picture(image, "0123", ("star", "test"), "leak").alt == "0123, star, test, leak"
    assert Picture(image, "", ("star",)).alt == "star"
