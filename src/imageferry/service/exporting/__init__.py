"""From an image to a disk file in a container."""
