"""Foreign programs that work on disks."""
