"""The steps; each file knows the one before it."""
