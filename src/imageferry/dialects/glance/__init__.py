"""Image v2, answered."""
