"""A cage for foreign programs: they get so much memory, time and file, see what they are handed, and die with us.

    cage_walls   which walls this machine has, and what is in the room of a program
    cage_entry   the first program in the cage, which builds the walls and becomes the program
    here         a session of its own, killed as a whole when its time is over; no input, capped
                 output, an environment of five words, an empty folder to stand in

No shell: argument lists only.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from imageferry.domain.errors import TimedOut, Unavailable
from imageferry.ports.disk_tools import ToolLimits
from imageferry.tools.cage_walls import Walls, entry_words, hand_over, walls

Watch = Callable[[bytes], None]
"""Called with each piece of standard output, and with nothing once a second. May raise to stop the work."""

_OUTPUT_BYTES = 1 << 20  # kept of standard output and of standard error, each
_BEAT_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a program ended. ``code`` below 0: by that signal."""

    code: int
    stdout: bytes
    stderr: bytes


def find_program(name: str, package: str) -> str:
    """Where a program is.

    Raises:
        Unavailable: not installed; says which Debian package brings it.
    """
    found = shutil.which(name)
    if found is None:
        raise Unavailable(name, reason=f"it is not installed; install the Debian package {package}")
    return found


def run_caged(
    program: Sequence[str],
    *,
    limits: ToolLimits,
    folder: Path,
    fds: Sequence[int] = (),
    reads: Sequence[Path] = (),
    stdin: int = subprocess.DEVNULL,
    watch: Watch | None = None,
    within: Walls | None = None,
) -> Ended:
    """Run a program to its end.

    Args:
        program: its path and arguments.
        folder: where it stands, and may write; what the caller put there it may change.
        fds: file descriptors that it inherits under the same numbers, besides the standard ones.
        reads: files and folders that it needs besides; it finds them under their names, and changes nothing.
        stdin: an open file that it reads from.
        watch: sees the output as it comes; whatever it raises kills the program and comes out.

    Raises:
        TimedOut: over ``limits.wall_s`` or ``limits.cpu_s``.
        Unavailable: the program is not there, or its cage cannot be built.
    """
    name = Path(program[0]).name
    with _started(program, limits, folder, fds, reads, subprocess.PIPE, stdin=stdin, within=within) as process:
        stdout, stderr = _listen(process, name, time.monotonic() + limits.wall_s, limits.wall_s, watch)
        code = process.wait()
    if code == -signal.SIGXCPU:
        raise TimedOut(name, reason="it used all its processor time", seconds=limits.cpu_s)
    return Ended(code=code, stdout=stdout, stderr=stderr)


@contextmanager
def caged(
    program: Sequence[str], *, limits: ToolLimits, folder: Path, fds: Sequence[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Have a program at work beside us: we speak to it over ``fds``, what it prints goes nowhere.

    It is killed at the end of the ``with``. ``limits.wall_s`` is the caller's to keep.

    Raises:
        Unavailable: the program is not there, or its cage cannot be built.
    """
    with _started(program, limits, folder, fds, (), subprocess.DEVNULL) as process:
        yield process


@contextmanager
def _started(
    program: Sequence[str],
    limits: ToolLimits,
    folder: Path,
    fds: Sequence[int],
    reads: Sequence[Path],
    output: int,
    *,
    stdin: int = subprocess.DEVNULL,
    within: Walls | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    kind = within or walls()
    hand_over(folder, kind)
    with _trouble(program) as tell:
        words = entry_words(kind, program, limits, folder, reads, tell.fileno())
        with subprocess.Popen(
            words,
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(folder),
            pass_fds=(*fds, tell.fileno()),
            start_new_session=True,
        ) as process:
            tell.close()
            try:
                yield process
            finally:
                _kill(process)


@contextmanager
def _trouble(program: Sequence[str]) -> Iterator[IO[bytes]]:
    """Where the cage says that it could not be built. Raises Unavailable at the end if it did."""
    heard, tell = os.pipe()
    with os.fdopen(heard, "rb") as hear, os.fdopen(tell, "wb") as told:
        yield told
        told.close()
        if said := hear.read(500):
            reason = "".join(char if char.isprintable() else " " for char in said.decode("utf-8", "replace"))
            raise Unavailable(Path(program[0]).name, reason=f"it cannot be run in its cage ({reason})")


def _environment(folder: Path) -> dict[str, str]:
    """``MALLOC_ARENA_MAX``: threads share their heap, or 64 of them would fill the address space with nothing."""
    home = str(folder)
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": home, "TMPDIR": home, "MALLOC_ARENA_MAX": "2"}


def _listen(
    process: subprocess.Popen[bytes], name: str, deadline: float, seconds: float, watch: Watch | None
) -> tuple[bytes, bytes]:
    """Read both outputs until they close: all of them, so that the program never waits, but keep a part."""
    kept = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for pipe in kept:
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, pipe)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut(name, reason="it was stopped", seconds=seconds)
            ready = selector.select(min(left, _BEAT_S))
            if not ready and watch:
                watch(b"")
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                elif watch and key.data is process.stdout:
                    watch(data)
                else:
                    kept[key.data] += data[: _OUTPUT_BYTES - len(kept[key.data])]
    return bytes(kept[process.stdout]), bytes(kept[process.stderr])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started. Nothing is done to one that has ended and was waited for."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
