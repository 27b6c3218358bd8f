"""What the service needs from whatever brings a file from a URL that a stranger gave."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from imageferry.domain.source_url import SourceUrl

START_OVER = frozenset({"changed", "broken"})
"""Reasons of a ``BadSource`` after which fetching the whole once more may help."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What a source says of a file: whether it is still the same one can be told by that."""

    etag: str = ""
    last_modified: str = ""
    size: int | None = None  # bytes in all


class Incoming(Protocol):
    """A file on its way in."""

    @property
    def mark(self) -> Mark | None:
        """By which its rest can be asked for later; None where the source says nothing to go on by."""

    @property
    def size(self) -> int | None:
        """Bytes in all, None while the source does not say. At the end as many have come, or an error."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a part of ``buffer``, at least a byte; 0 when all is there.

        Raises:
            TooLarge, TimedOut, Unavailable, BadSource: see ``Fetcher``.
        """


class Fetcher(Protocol):
    """Brings files by HTTP from places that may be hostile.

    Every driver promises, and tests/contracts/fetcher.py checks:
      - the address that is connected to was judged itself (``domain.addresses``), on every hop
        anew, and a name is looked up once for each connection; no proxy is asked;
      - at most 5 redirects, to http and https only, never from https to http; what is sent is
        the same to everybody: no credentials, no cookies;
      - the bytes are those of the file as it lies there: encoded answers are refused; as many as
        announced, or an error; never more than ``max_bytes``;
      - after a break the rest is asked for, on condition that the file has not changed;
      - nothing lasts: connecting, silence, dripping and the whole have their time limits, and
        ``watch`` is called at least every two seconds while waiting;
      - of its own troubles only BadSource, TooLarge, TimedOut and Unavailable come out, and no
        message holds the query of a URL.
    """

    def check(self, url: object, *, field: str = "uri") -> SourceUrl:
        """A URL, judged without asking anybody. Raises BadInput (naming ``field``), BadSource."""

    def open(
        self, url: str, *, max_bytes: int, watch: Callable[[], None], after: int = 0, mark: Mark | None = None
    ) -> AbstractContextManager[Incoming]:
        """Ask for the file; its answer is good when this is entered.

        Args:
            max_bytes: of the whole file.
            after: bytes that came before, of the file that had that ``mark``: the rest is asked for, or
                BadSource with a reason of ``START_OVER`` is raised.
            watch: told that it still goes on; may raise, and that ends it.
        """
