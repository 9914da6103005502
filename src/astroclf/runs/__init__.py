"""Folder of a run: its files and their schemas, its claim by one process, and its resumption."""
