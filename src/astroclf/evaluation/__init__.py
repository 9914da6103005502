"""Evaluation: metrics with confidence intervals, and decisions from logits to labels."""
