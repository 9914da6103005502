"""Report of the jobs of a multirun."""
