"""From an image to the same disk in another format; and how sound an image is: the steps of two tasks."""
