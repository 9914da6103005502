"""Bands that pictures show as red, green and blue."""

from __future__ import annotations

import numpy as np

from astroclf.data.pixels import Pixels

# Effective wavelengths of filters by their usual names, nm.
WAVELENGTHS_NM = {
    **{"fuv": 154, "nuv": 230, "u": 355, "b": 445, "g": 477, "v": 551, "r": 623, "i": 762},
    **{"z": 913, "y": 1000, "j": 1250, "h": 1650, "k": 2180, "ks": 2160, "w1": 3350, "w2": 4600},
}
USUAL = ("i", "r", "g")


def rgb_channels(pixels: Pixels) -> tuple[int, int, int] | None:
    """Return the channels of red, green and blue, or None for one panel a band.

    Those of `pixels.rgb_bands`, else i, r and g, as in Lupton et al. 2004, else three of the redder bands,
    evenly spread. Bands are in order of wavelength if their names are not known.
    """
    bands = pixels.bands
    if pixels.rgb_bands is not None:
        if len(pixels.rgb_bands) != 3:
            return None
        red, green, blue = (bands.index(name) for name in pixels.rgb_bands)
        return red, green, blue
    if len(bands) < 3:
        return None
    if set(USUAL) <= set(bands):
        red, green, blue = map(bands.index, USUAL)
        return red, green, blue
    order = sorted(range(len(bands)), key=lambda channel: _wavelength(bands, channel))
    spread = np.rint(np.linspace((len(bands) - 2) // 2, len(bands) - 1, 3)).astype(int)
    blue, green, red = (order[place] for place in spread.tolist())
    return red, green, blue


def _wavelength(bands: tuple[str, ...], channel: int) -> float:
    known = [WAVELENGTHS_NM.get(name.lower()) for name in bands]
    found = known[channel]
    return channel if found is None or None in known else found
