"""Comparison of finished runs: their predictions, the images they share, and the results."""
