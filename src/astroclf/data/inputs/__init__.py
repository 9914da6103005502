"""Inputs of prediction: unlabeled images of a folder, an archive, a table, an array or a file.

An input is an indexable sequence of rows, so that a run that was stopped goes on at any row. `open`
chooses the kind, and `stream` reads its rows in blocks, ahead of the network.
"""
