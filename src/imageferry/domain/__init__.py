"""What an image, an object, a blob and a task are; rules without any I/O."""
