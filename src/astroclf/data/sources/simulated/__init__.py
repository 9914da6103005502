"""Simulated cutouts of stars and galaxies: nothing to download."""

from astroclf.data.sources.simulated.source import load

__all__ = ["load"]
