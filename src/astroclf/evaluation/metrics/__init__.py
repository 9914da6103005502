"""Metrics of labels and vote fractions, with confidence intervals."""
