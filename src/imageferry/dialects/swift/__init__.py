"""Object storage v1, as OpenStack Swift answers it."""

from imageferry.dialects.swift.routes import dialect

__all__ = ["dialect"]
