"""Decisions: activation, calibration and thresholds, from logits to labels."""

from astroclf.evaluation.decisions import (
    tree_activation as tree_activation,
)  # registers its activations
