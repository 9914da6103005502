"""Fixtures: whole sweeps."""

from fixtures.studies import content, make_content  # noqa: F401
from fixtures.sweeps import at_each_step, begin_sweep, call, sweep, with_accuracy, without_charts  # noqa: F401
