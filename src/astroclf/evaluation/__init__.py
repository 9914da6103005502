"""How good a classifier is, how sure that is, and the page that tells it."""
