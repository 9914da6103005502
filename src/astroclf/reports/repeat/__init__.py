"""Report of several trainings: seeds or folds."""
