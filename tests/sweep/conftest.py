"""Fixtures: studies to read."""

from fixtures.studies import content, make_content, two  # noqa: F401
