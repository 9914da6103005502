"""Several trainings of one run, one a seed or a fold, and their results together."""
