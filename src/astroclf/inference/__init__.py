"""Inference: from images or cached features to logits."""
