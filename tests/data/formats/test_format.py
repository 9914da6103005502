from __future__ import annotations

from astroclf.data.formats import GRAY, Header


def test_a_header_counts_bands_and_measures_the_largest_square() -> None:
    header = Header(30, 20, ("u", "g", "r", "i", "z"), "float")
    assert (header.channels, header.square_px) == (5, 20)
    assert (header.n_frames, header.orientation) == (1, 1)
    assert Header(5, 9, GRAY, "8-bit").channels == 1
