"""URLs of containers and objects."""

from __future__ import annotations

from urllib.parse import quote

from imageferry.domain.errors import BadInput


def place_of(base: str, container: str, name: str | None = None) -> str:
    """The URL of a container or an object in the account at ``base``.

    HTTP libraries take "." and ".." between slashes for directions, also when percent-encoded,
    so that deleting the object ".." would be asked of the account: such names are not sent.

    Raises:
        BadInput: such a name.
    """
    path = container if name is None else f"{container}/{name}"
    if {".", ".."} & set(path.split("/")):
        raise BadInput("name", path, 'no "." or ".." between slashes')
    return f"{base.rstrip('/')}/{quote(container, safe='')}" + ("" if name is None else f"/{quote(name)}")
