"""The typed schema of conf/: what may be chosen, and what goes together."""

from astroclf.settings.read import read_settings
from astroclf.settings.tree import Settings

__all__ = ["Settings", "read_settings"]
