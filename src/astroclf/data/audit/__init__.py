"""Leakage audit: dependent images in several splits, and their move to one."""
