"""From an object to an image: the steps of an import."""
