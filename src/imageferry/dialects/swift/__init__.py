"""Object storage v1, answered."""
