"""Train, compare and trust classifiers of astronomical images."""
