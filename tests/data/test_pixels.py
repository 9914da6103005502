from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from astroclf.data.pixels import Pixels

STORED = TypeAdapter(Pixels)


def test_json_keeps_every_field_and_is_read_strictly() -> None:
    pixels = Pixels(("g", "r", "i"), 0.396, "linear")
    assert STORED.validate_json(STORED.dump_json(pixels), strict=True) == pixels
    text = STORED.dump_json(pixels).replace(b"linear", b"square")
    with pytest.raises(ValidationError):
        STORED.validate_json(text, strict=True)
