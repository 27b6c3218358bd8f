"""Server use-cases."""
