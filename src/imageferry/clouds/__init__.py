"""Client drivers: a module per cloud."""
