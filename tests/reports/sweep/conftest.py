"""Fixtures: studies to report."""

from fixtures.studies import content, make_content, two  # noqa: F401
