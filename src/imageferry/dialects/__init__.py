"""Server edges: a package per API."""
