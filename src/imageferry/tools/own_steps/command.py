"""A provider's own step as a program in the cage: asked on its standard input, answering on its output."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from imageferry.domain.errors import BadInput, TimedOut, Unavailable
from imageferry.domain.own_step import Verdict
from imageferry.ports.disk_tools import ToolLimits
from imageferry.tools.cage import Ended, run_caged
from imageferry.tools.cage_walls import hand_over
from imageferry.wire.own_steps import MOST_BYTES, BadAnswer, described, read_answer

GROUP = "imageferry.steps"
"""Of the entry points that Python packages bring steps by."""

_READER = "imageferry.tools.own_steps.entry_point"
_ADVICE = "nothing was imported, ask the provider"
_COMPLAINT = 200  # characters of what it wrote to its standard error


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandStep:
    """``ports.own_step.OwnStep`` by a program.

    ``command``: its path and first arguments; the path of the disk comes behind them.
    """

    name: str
    command: Sequence[str]
    wants_disk: bool = True
    limit_s: float = 300.0
    memory_bytes: int = 1 << 30
    scratch_bytes: int = 0  # the largest file that it may write
    reads: Sequence[Path] = ()  # files and folders that it needs besides those that the command names

    def run(
        self, description: Mapping[str, Any], *, disk: Path | None, folder: Path, watch: Callable[[], None]
    ) -> Verdict:
        said = _Said(self._name, watch)
        # A file, not a pipe: a program that does not read must not keep us waiting.
        stdin = os.memfd_create("description", os.MFD_CLOEXEC)
        try:
            os.write(stdin, described(description))
            os.lseek(stdin, 0, os.SEEK_SET)
            ended = self._ended(disk, folder, stdin, said)
        finally:
            os.close(stdin)
        try:
            return read_answer(ended.code, bytes(said.kept))
        except BadAnswer as error:
            raise Unavailable(self._name, reason=f"{error}{_complaint(ended.stderr)}; {_ADVICE}") from error

    @property
    def _name(self) -> str:
        return f"the provider's step {self.name}"

    def _ended(self, disk: Path | None, folder: Path, stdin: int, said: _Said) -> Ended:
        limits = ToolLimits(
            memory_bytes=self.memory_bytes,
            cpu_s=math.ceil(self.limit_s),
            file_bytes=self.scratch_bytes,
            wall_s=self.limit_s,
        )
        arguments = [] if disk is None else [str(disk.absolute())]
        reads = [*self.reads, *(path for path in map(Path, self.command) if path.is_absolute())]
        if disk is not None:
            hand_over(disk)
            reads.append(disk)
        try:
            return run_caged(
                [*self.command, *arguments], limits=limits, folder=folder, reads=reads, stdin=stdin, watch=said
            )
        except TimedOut as error:
            if error is said.stopped_by:
                raise
            raise TimedOut(self._name, reason=f"{error.reason}; {_ADVICE}", seconds=self.limit_s) from error
        except Unavailable as error:
            if error.what == self._name or error is said.stopped_by:
                raise
            raise Unavailable(self._name, reason=f"{error.reason}; {_ADVICE}") from error


class _Said:
    """Its standard output, as long as that may be an answer."""

    def __init__(self, name: str, watch: Callable[[], None]) -> None:
        self._name = name
        self._watch = watch
        self.kept = bytearray()
        self.stopped_by: BaseException | None = None  # what the watch raised

    def __call__(self, data: bytes) -> None:
        try:
            self._watch()
        except BaseException as error:
            self.stopped_by = error
            raise
        self.kept += data
        if len(self.kept) > MOST_BYTES:
            raise Unavailable(self._name, reason=f"it said more than {MOST_BYTES} bytes, which is no answer; {_ADVICE}")


def checked_command(name: str, command: Sequence[str]) -> tuple[str, ...]:
    """Raises BadInput: no program there that could be run."""
    path = Path(command[0]) if command else Path()
    if not path.is_absolute() or not path.is_file() or not os.access(path, os.X_OK):
        raise BadInput(f"steps.{name}.command", list(command), "the whole path of a program that can be run, first")
    return tuple(command)


def entry_point_command(name: str, entry_point: str) -> tuple[str, ...]:
    """The program that loads the entry point, in the cage; here it is only looked for.

    Raises:
        BadInput: no package has one of that name, or several have.
    """
    found = entry_points(group=GROUP, name=entry_point)
    if len(found) != 1:
        known = ", ".join(sorted(entry_points(group=GROUP).names)) or "none is installed"
        expected = f"an entry point in the group {GROUP} that one package brings ({known})"
        raise BadInput(f"steps.{name}.entry_point", entry_point, expected)
    return (sys.executable, "-I", "-m", _READER, entry_point)


def _complaint(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    if not lines:
        return ""
    line = "".join(char if char.isprintable() else " " for char in lines[-1])
    return f" ({line[:_COMPLAINT]})"
