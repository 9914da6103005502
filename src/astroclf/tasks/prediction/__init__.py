"""Parts of task=predict: rows of the table, the loop over the input, and what follows the last row."""
