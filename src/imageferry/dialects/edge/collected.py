"""A body that is looked at whole when all of it is in."""

from __future__ import annotations

from imageferry.domain.errors import TooLarge


class Collected:
    """Where a handler lets such a body go (see ``http.Receiving``)."""

    def __init__(self, what: str, limit: int, *, promised: int | None) -> None:
        """Raises TooLarge: already ``promised`` is more than ``limit`` bytes."""
        self._what = what
        self._limit = limit
        self._body = bytearray()
        if promised is not None and promised > limit:
            raise TooLarge(what, limit, promised)

    @property
    def whole(self) -> bytes:
        return bytes(self._body)

    def write(self, part: bytes | bytearray) -> None:
        """Raises TooLarge as soon as that is known."""
        self._body += part
        if len(self._body) > self._limit:
            raise TooLarge(self._what, self._limit)

    def __enter__(self) -> Collected:
        return self

    def __exit__(self, *_: object) -> None:
        self._body.clear()
