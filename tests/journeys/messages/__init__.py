"""What users read when something goes wrong, by three doors: docs/messages.md is made of it."""
