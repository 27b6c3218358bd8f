"""Fujitsu K5 image import and export, answered."""
