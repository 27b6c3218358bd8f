"""Which walls this machine has for the cage, and what stands in the room of a program.

    Walls.ROOM        a file system with nothing in it but what is handed in; another user where we are
                      root; no network, no sight of other processes, so many processes of its own
    Walls.NAMESPACES  no network, processes of its own; the file system as it is
    Walls.LIMITS      memory, time, files: these are there in any case

The first that works is taken. As root, ROOM needs nothing but Linux 5.12; others need leave to make user namespaces
(Debian gives it; Docker does not, unless told).
"""

from __future__ import annotations

import functools
import json
import os
import pwd
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from imageferry.ports.disk_tools import ToolLimits

_OURS = sys.executable
_ENTRY = str(Path(__file__).with_name("cage_entry.py"))
_OPEN_FILES = 64
_PYTHON_NAME = re.compile(r"python[0-9.]*")
_NOBODY = 65534  # Debian's, where there is no entry of that name
_ROOTS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # links into /usr, or folders
_COMMON = (
    "/usr",
    "/etc/alternatives",
    "/etc/group",
    "/etc/host.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/ssl/certs",
    "/etc/timezone",
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_LINKS = {"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1"}

Entry = tuple[str, str, str]  # path, real path or target, kind: see ``cage_entry``


class Walls(Enum):
    """Which there are; the strongest first. The value is what an administrator is told."""

    ROOM = "in a room of their own: no network, no other process, no file but those handed in"
    NAMESPACES = "without network and apart from other processes, but they can read what the service's user can read"
    LIMITS = "within limits of memory, time and files only: they can read what the service's user can read"


@functools.cache
def walls() -> Walls:
    """The strongest that this machine has for this user. Tried out once."""
    return next(kind for kind in Walls if _holds(kind))


def walls_told() -> str:
    """One line for the log of a service that starts."""
    user = f", as user {pwd_name(second)}" if (second := second_user(walls())) else ""
    return f"foreign programs run {walls().value}{user}"


def second_user(kind: Walls) -> tuple[int, int] | None:
    """The user and group that a program in the cage is; None: ours. Only root can become another."""
    if os.geteuid() or kind is not Walls.ROOM:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return _NOBODY, _NOBODY
    return entry.pw_uid, entry.pw_gid


def pwd_name(user: tuple[int, int]) -> str:
    try:
        return pwd.getpwuid(user[0]).pw_name
    except KeyError:
        return str(user[0])


def may_open(fd: int) -> bool:
    """Whether a program in the cage may open that file anew by ``/proc/self/fd``, to read it."""
    second = second_user(walls())
    if second is None:
        return True
    status = os.fstat(fd)
    return bool(status.st_mode & 0o004) or status.st_uid == second[0]


def hand_over(target: int | Path, kind: Walls | None = None) -> None:
    """Give a file or folder that we have made to the user in the cage. That it is gone, the program will say."""
    if second := second_user(kind or walls()):
        with suppress(FileNotFoundError):
            os.chown(target, *second)


def take_back(target: int | Path) -> None:
    """What the program has made of it is ours again."""
    if second_user(walls()):
        os.chown(target, os.geteuid(), os.getegid())


def entry_words(
    kind: Walls, program: Sequence[str], limits: ToolLimits, folder: Path, reads: Iterable[Path], trouble: int
) -> list[str]:
    """The command line that runs ``program`` within those walls."""
    room = _room(program, folder, reads) if kind is Walls.ROOM else None
    bounds = {
        "RLIMIT_AS": (limits.memory_bytes, limits.memory_bytes),
        "RLIMIT_CPU": (limits.cpu_s, limits.cpu_s + 1),
        "RLIMIT_FSIZE": (limits.file_bytes or 0, limits.file_bytes or 0),
        "RLIMIT_NOFILE": (_OPEN_FILES, _OPEN_FILES),
        "RLIMIT_CORE": (0, 0),
    }
    if kind is not Walls.LIMITS and (os.geteuid() or kind is Walls.ROOM):  # else they would count with all of ours
        bounds["RLIMIT_NPROC"] = (limits.processes, limits.processes)
    plan = {
        "parent": os.getpid(),
        "trouble": trouble,
        "namespaces": kind is not Walls.LIMITS,
        "room": room,
        "user": second_user(kind),
        "folder": str(folder.absolute()),
        "limits": bounds,
    }
    return [_OURS, "-I", "-S", _ENTRY, json.dumps(plan), *program]


def _room(program: Sequence[str], folder: Path, reads: Iterable[Path]) -> list[Entry]:
    """What is there, what holds others before those. A path that is not there is left out."""
    words = [Path(word) for word in (*program[:1], *_interpreter(program[0]))]
    paths = {path for path in (*map(Path, _COMMON), *reads, *words) if path.exists()}
    for word in words:
        paths |= _python(str(word)) if _PYTHON_NAME.fullmatch(word.name) else set()
    entries = list(_fixed())
    there = {Path(entry[0]) for entry in entries}
    work = os.path.realpath(folder)
    # Each as it is called and as it really is: one may be asked for by way of the other.
    asked = {Path(name): os.path.realpath(path) for path in paths for name in (os.path.realpath(path), path.absolute())}
    for place in sorted(asked, key=lambda place: len(place.parts)):
        if place not in there and not there.intersection(place.parents):
            there.add(place)
            entries.append((str(place), asked[place], "read"))
    entries.append((work, work, "write"))
    if not there.intersection((folder.absolute(), *folder.absolute().parents)):
        entries.append((str(folder.absolute()), work, "write"))
    return entries


@functools.cache
def _fixed() -> tuple[Entry, ...]:
    roots = [root for root in map(Path, _ROOTS) if root.exists()]
    linked: list[Entry] = [(str(root), str(root.readlink()), "link") for root in roots if root.is_symlink()]
    folders: list[Entry] = [(str(root), str(root), "read") for root in roots if not root.is_symlink()]
    devices: list[Entry] = [(device, device, "device") for device in _DEVICES if Path(device).exists()]
    return (*linked, *folders, *devices, *((name, target, "link") for name, target in _LINKS.items()))


def _interpreter(program: str) -> list[str]:
    """What runs a script, by its first line."""
    try:
        with Path(program).open("rb") as file:
            line = file.read(256).split(b"\n", 1)[0]
    except OSError:
        return []  # the cage will say so
    return [os.fsdecode(line[2:].split()[0])] if re.match(rb"#!\s*/", line) else []


@functools.cache
def _python(program: str) -> frozenset[Path]:
    """Where a Python and its packages are: it may be one of a virtual environment, anywhere."""
    asked = "import json, sys; print(json.dumps([sys.base_prefix, sys.prefix, *sys.path]))"
    said = subprocess.run([program, "-I", "-c", asked], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    names = json.loads(said.stdout) if said.returncode == 0 else ()
    return frozenset(path for path in map(Path, names) if path.exists())


def _holds(kind: Walls) -> bool:
    if kind is Walls.LIMITS:
        return True
    with tempfile.TemporaryDirectory(prefix="imageferry-") as folder:
        hand_over(Path(folder), kind)
        words = entry_words(kind, ["/usr/bin/true"], ToolLimits(), Path(folder), (), 2)
        tried = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return tried.returncode == 0
