"""The folder of a run: which process uses it, what it holds, and how to resume it."""
