"""Search spaces: syntax, distributions and dimensions."""
