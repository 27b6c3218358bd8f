"""What the service needs from a program that looks for what must not be in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A rule has found something. ``index``: in which of the files that were handed in."""

    index: int
    rule: str  # as the scanner calls it; may be shown


class Scanner(Protocol):
    """Looks through files.

    Every driver promises, and tests/contracts/scanner.py checks:
      - an empty answer means that every file was looked at: a scanner that is missing, has no
        rules, crashes, hangs or says something unheard-of is Unavailable or TimedOut, never "nothing found";
      - the names of the files mean nothing to it, and nothing of them is kept or sent elsewhere
        but to the scanner that is configured.
    """

    @property
    def most_bytes(self) -> int:
        """The largest file that it looks at as a whole; larger ones must be handed in as pieces."""

    def scan(self, files: Sequence[Path], *, folder: Path, watch: Callable[[], None]) -> list[Match]:
        """At least one match for every file in which there is one, unless one of the first files has some.

        Args:
            folder: an empty one to work in.
            watch: called every few seconds; whatever it raises ends the work and comes out.

        Raises:
            Unavailable, TimedOut: it cannot be said whether the files are clean.
        """
