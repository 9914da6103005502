"""Contact sheet of task=predict."""
