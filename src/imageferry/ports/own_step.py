"""What the service needs from a step of the provider's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from imageferry.domain.own_step import Verdict


class OwnStep(Protocol):
    """Looks at one disk and decides.

    Every driver promises, and tests/services/test_own_steps.py checks:
      - it takes a disk only if the step has said so, in so many words: one that hangs, crashes, floods,
        contradicts itself or is not there is Unavailable or TimedOut;
      - the step sees no network and no secrets of the service, and ends with the one that waits for it,
        with all that it has started.
    """

    @property
    def name(self) -> str: ...

    @property
    def wants_disk(self) -> bool:
        """Whether it looks at the disk; else only at what is known of it."""

    @property
    def limit_s(self) -> float: ...

    def run(
        self, description: Mapping[str, Any], *, disk: Path | None, folder: Path, watch: Callable[[], None]
    ) -> Verdict:
        """Ask it.

        Args:
            description: JSON; docs/pipeline.md says what is in there.
            disk: a raw file that is the step's own, if it wants one: nobody reads it afterwards.
            folder: an empty one to work in.
            watch: called every second or more often; whatever it raises ends the step and comes out.

        Raises:
            Unavailable, TimedOut: there is no answer.
        """
