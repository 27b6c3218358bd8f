"""Client use-cases."""
