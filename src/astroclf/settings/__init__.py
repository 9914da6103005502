"""The typed schema of conf/: what may be chosen, and what goes together."""

from astroclf.settings.read import Settings, read_settings

__all__ = ["Settings", "read_settings"]
