"""What every page of results shares: its frame and style, and how charts are drawn on it."""
