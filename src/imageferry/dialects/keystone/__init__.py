"""Identity v3, answered."""
