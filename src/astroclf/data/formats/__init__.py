"""File formats of images: what a file is, and the size and depth of its picture."""
