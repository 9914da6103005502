"""A search over settings: its space, the samplers that choose from it, the pruners that end poor trials."""
