"""Each person's work."""
