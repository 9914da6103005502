"""One training a seed, or a fold: how they are done, and what they are worth together."""
