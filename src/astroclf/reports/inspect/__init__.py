"""Page of task=inspect."""
