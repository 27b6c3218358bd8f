"""Drivers of clouds: their contract, and what they make of clouds that break or lie."""
