"""Steps of the provider's own: a program, or a Python function, in the cage."""
