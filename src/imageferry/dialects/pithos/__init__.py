"""Pithos+, Synnefo's object storage, over the accounts, containers and objects that Swift's API has as well.

Source: specs/synnefo.md, sections 3 and 4; docs/synnefo.md says what is what here.
"""

from imageferry.dialects.pithos.routes import dialect

__all__ = ["dialect"]
