"""Hyperparameter search: space, samplers, pruners, study and its ask-and-tell loop."""
