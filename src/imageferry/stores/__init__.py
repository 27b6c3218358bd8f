"""Places that keep blocks."""
