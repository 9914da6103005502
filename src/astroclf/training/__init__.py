"""The loop, and what it needs: losses, optimizers, numerics, checkpoints."""
