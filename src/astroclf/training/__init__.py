"""The training loop and what it needs: losses, optimizers, precision, checkpoints."""
