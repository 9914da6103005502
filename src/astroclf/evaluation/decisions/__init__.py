"""Decisions: activation, calibration and thresholds, from logits to labels."""
