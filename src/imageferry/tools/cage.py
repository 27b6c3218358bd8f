"""A cage for foreign programs: they get so much memory, time and file, and die with us.

    prlimit      address space, processor time, largest file, open files, no core dump
    unshare      no network, where the system lets us (it is a second wall, nothing leans on it);
                 where asked for, processes of its own, so that all it has started end with it
    setpriv      killed when the thread that started it ends; no new privileges; as root, no
                 capability but the one to open files of other owners
    here         a session of its own, killed as a whole when its time is over; no input, capped
                 output, an environment of five words, an empty folder to stand in

All of them are util-linux, which Debian always has. No shell: argument lists only.
"""

from __future__ import annotations

import functools
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

from imageferry.domain.errors import TimedOut, Unavailable
from imageferry.ports.disk_tools import ToolLimits

Watch = Callable[[bytes], None]
"""Called with each piece of standard output, and with nothing once a second. May raise to stop the work."""

_OUTPUT_BYTES = 1 << 20  # kept of standard output and of standard error, each
_OPEN_FILES = 64
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
    stdin: int = subprocess.DEVNULL,
    apart: bool = False,
    watch: Watch | None = None,
) -> Ended:
    """Run a program to its end.

    Args:
        program: its path and arguments.
        folder: where it stands; empty but for what the caller put there.
        fds: file descriptors that it inherits under the same numbers, besides the standard ones.
        stdin: an open file that it reads from.
        apart: it may start others; where the system lets us they cannot see other processes by number,
            and they end with it, whatever they do to get away.
        watch: sees the output as it comes; whatever it raises kills the program and comes out.

    Raises:
        TimedOut: over ``limits.wall_s`` or ``limits.cpu_s``.
        Unavailable: the program or its cage is not installed.
    """
    name = Path(program[0]).name
    with _started(program, limits, folder, fds, subprocess.PIPE, stdin=stdin, apart=apart) as process:
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
        Unavailable: the program or its cage is not installed.
    """
    with _started(program, limits, folder, fds, subprocess.DEVNULL) as process:
        yield process


@contextmanager
def _started(
    program: Sequence[str],
    limits: ToolLimits,
    folder: Path,
    fds: Sequence[int],
    output: int,
    *,
    stdin: int = subprocess.DEVNULL,
    apart: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*_bars(limits, apart=apart), *program],
        stdin=stdin,
        stdout=output,
        stderr=output,
        cwd=folder,
        env=_environment(folder),
        pass_fds=fds,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            _kill(process)


def _bars(limits: ToolLimits, *, apart: bool) -> list[str]:
    root = os.geteuid() == 0
    return [
        find_program("prlimit", "util-linux"),
        f"--as={limits.memory_bytes}",
        f"--cpu={limits.cpu_s}:{limits.cpu_s + 1}",
        f"--fsize={limits.file_bytes or 0}",
        f"--nofile={_OPEN_FILES}",
        "--core=0",
        "--",
        *(_with_processes_apart() if apart else _without_network()),
        find_program("setpriv", "util-linux"),
        *("--pdeathsig", "KILL", "--no-new-privs"),
        *(("--inh-caps", "-all", "--bounding-set", "-all,+dac_override") if root else ()),
        "--",
    ]


@functools.cache
def _without_network() -> tuple[str, ...]:
    """The words that take the network away; none where the system does not allow it."""
    return _unshared("--net")


@functools.cache
def _with_processes_apart() -> tuple[str, ...]:
    """The words that take away the network and the sight of other processes, as far as the system allows it.

    ``unshare`` waits here while the program works, so it must die with us too. The first process among
    its own is one that signals do not end: that is ``setsid``, not the program.
    """
    words = _unshared("--net", "--pid", "--fork", "--kill-child")
    if not words:
        return _without_network()
    setpriv, setsid = find_program("setpriv", "util-linux"), find_program("setsid", "util-linux")
    return (setpriv, "--pdeathsig", "KILL", "--", *words, setsid, "--fork", "--wait")


def _unshared(*what: str) -> tuple[str, ...]:
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    user = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    words = (unshare, *user, *what, "--")
    tried = subprocess.run([*words, "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return words if tried.returncode == 0 else ()


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
