"""ClamAV's ``clamscan``, a program that loads its signatures anew for every call.

With the full signatures that takes it some ten seconds and more than a gigabyte of memory, so it is
given many files at once. Where a clamd runs, ask that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from imageferry.domain.errors import Unavailable
from imageferry.ports.disk_tools import ToolLimits
from imageferry.ports.scanner import Match
from imageferry.tools.cage import Ended, find_program, run_caged
from imageferry.tools.cage_walls import hand_over
from imageferry.tools.scanners.words import short

_LIMITS = ToolLimits(memory_bytes=8 << 30, cpu_s=3600, file_bytes=4 << 30, wall_s=3600.0)
_DATABASE = Path("/var/lib/clamav")  # where Debian's clamscan looks by itself
_CERTIFICATES = Path("/etc/clamav")  # of who signs databases, since ClamAV 1.5
_CLEAN, _FOUND = 0, 1  # clamscan(1), "RETURN CODES"; 2 is an error
_LINE = re.compile(rb"([0-9]+): (.*)")
_STATUS = re.compile(rb"^(.*) FOUND$|^OK$|^Empty file$")

# What clamscan passes over, it calls clean. So no limit of its own stands before the cage's,
# as far as it knows how to go without: files of 2 GiB and more are not looked at (clamscan(1)).
_NO_LIMITS = (
    "--max-filesize=2000M",
    "--max-scansize=3900M",
    "--max-files=1000000",
    "--max-scantime=0",
    "--max-recursion=50",
)


class Clamscan:
    most_bytes = 256 << 20

    def __init__(
        self, *, database: Path | None = None, limits: ToolLimits = _LIMITS, program: str = "clamscan"
    ) -> None:
        """``database``: a folder of signatures; None: where the program keeps its own."""
        self._database = database
        self._limits = limits
        self._program = program

    def scan(self, files: Sequence[Path], *, folder: Path, watch: Callable[[], None]) -> list[Match]:
        if not files:
            return []
        # Names of our own, so that no other can be taken for a part of what is said.
        for index, file in enumerate(files):
            (folder / str(index)).symlink_to(file.absolute())
            hand_over(file)
        names = folder / "files"
        names.write_text("".join(f"{index}\n" for index in range(len(files))), encoding="ascii")
        said = _Said(len(files), watch)
        database = () if self._database is None else (f"--database={self._database.absolute()}",)
        options = ("--stdout", "--no-summary", "--follow-file-symlinks=2", f"--tempdir={folder}", *database)
        ended = run_caged(
            [find_program(self._program, "clamav"), *options, *_NO_LIMITS, f"--file-list={names.name}"],
            limits=self._limits,
            folder=folder,
            reads=[self._database or _DATABASE, _CERTIFICATES, *files],
            watch=said,
        )
        return said.matches(ended)


class _Said:
    """Reads the lines as they come: there may be more of them than anybody wants to keep."""

    def __init__(self, count: int, watch: Callable[[], None]) -> None:
        self._unseen = set(range(count))
        self._watch = watch
        self._rest = b""
        self._matches: list[Match] = []
        self._other = b""

    def __call__(self, data: bytes) -> None:
        self._watch()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        self._rest = self._rest[:4096]

    def matches(self, ended: Ended) -> list[Match]:
        """Raises Unavailable: not every file was looked at, or it cannot be said."""
        if ended.code == _FOUND and self._matches:
            return self._matches
        if ended.code == _CLEAN and not self._unseen and not self._matches:
            return []
        reason = short(ended.stderr.splitlines()[-1] if ended.stderr.strip() else self._other)
        raise Unavailable("clamscan", reason=f"it ended with {ended.code}{f' ({reason})' if reason else ''}")

    def _line(self, line: bytes) -> None:
        told = _LINE.fullmatch(line.rpartition(b"/")[2])
        status = _STATUS.match(told[2]) if told else None
        if told is None or status is None:
            self._other = line or self._other
            return
        index = int(told[1])
        self._unseen.discard(index)
        if status[1] is not None:
            self._matches.append(Match(index=index, rule=short(status[1])))
