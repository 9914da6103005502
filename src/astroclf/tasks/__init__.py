"""What run.py can do; the only rooms that know several others."""
