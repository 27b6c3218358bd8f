"""Fetching by URL, for every dialect: the one room that speaks to hosts that strangers name."""
