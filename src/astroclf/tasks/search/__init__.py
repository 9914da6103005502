"""A search with Optuna: Hydra composes, the study remembers, MLflow shows."""
