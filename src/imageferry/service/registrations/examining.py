"""What imports pass, registered bytes pass within the request: scanners and the provider's own steps.

Kamaki waits as long as it takes, and has no way of asking for an answer later. So that those who wait leave room for
others, only a few disks are looked at at a time; who comes then is asked to try again.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imageferry.domain.access import ProjectId, UserId
from imageferry.domain.task import TaskId
from imageferry.service.importing.own import Candidate
from imageferry.service.importing.scan import Origin, Scanning
from imageferry.service.plans import Course
from imageferry.service.scratch import working_files
from imageferry.service.turnstile import Turnstile

LIMIT_S = 3600.0
"""That each look may take, where nothing else is set."""

Look = Callable[[Course, Candidate], Mapping[str, str]]
"""One step that looks at what shall be an image, and says what properties it adds. Raises Rejected, Unavailable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """Steps by name, in their order."""

    looks: Mapping[str, Look]
    folder: Path  # for what they work with
    limit_s: float = LIMIT_S  # of each
    turnstile: Turnstile = field(
        default_factory=lambda: Turnstile("the examination of the disk", at_once=2, waiting=4, wait_s=30)
    )

    def __call__(self, candidate: Candidate) -> dict[str, str]:
        """Show what shall be an image to all of them.

        Returns:
            The properties that they add to it.

        Raises:
            Infected, StepRefused: one objects.
            Unavailable, TimedOut: one cannot say, or too many wait already.
        """
        added: dict[str, str] = {}
        with self._work() as work, working_files():
            for name, look in self.looks.items():
                course = Course(
                    work=work, deadline=time.monotonic() + self.limit_s, limit_s=self.limit_s, what=f"step {name}"
                )
                added |= look(course, candidate)
        return added

    @contextmanager
    def _work(self) -> Iterator[Path]:
        work = self.folder / f"registered-{uuid.uuid4().hex}"
        with self.turnstile.turn():
            try:
                with working_files():
                    work.mkdir(parents=True)
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)


def scan(scanning: Scanning, course: Course, candidate: Candidate) -> dict[str, str]:
    """Let scanners look, who add nothing. Whoever has brought the bytes is somebody of the project."""
    owner = ProjectId(candidate.image["owner"])
    origin = Origin(id=TaskId(str(uuid.uuid4())), project_id=owner, user_id=UserId(""))
    scanning.look_through(course, candidate.name, candidate.sections, candidate.format, origin)
    return {}
