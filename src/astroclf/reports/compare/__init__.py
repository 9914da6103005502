"""Page of task=compare."""
