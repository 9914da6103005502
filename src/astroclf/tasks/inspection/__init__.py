"""Parts of task=inspect."""
