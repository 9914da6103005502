"""Paired comparison of models on the same images: intervals of differences, and tests."""
