"""The first program in the cage: it builds the walls around itself and becomes the program inside.

    python -I -S cage_entry.py PLAN PROGRAM ARGUMENT...

``PLAN`` is a JSON object, made by ``cage_walls``:

    parent       the process that must be alive, or nothing is begun
    trouble      an open descriptor that takes one line if the walls cannot be built
    namespaces   whether there is a network, and are processes, of its own: as root, or in a user namespace
    room         what there is of the file system: [[path, real path, kind], ...], or null for all of it as it is.
                 ``read`` and ``write``: a file or folder. ``device``: one of /dev. ``link``: the path is a
                 symbolic link to the second one
    user         [uid, gid] to be in the room, or null for the one that it is
    folder       where the program stands
    limits       {"RLIMIT_AS": [soft, hard], ...}

With namespaces there are three processes: this one, which waits and ends as the program ends; the
first one inside, which takes in orphans and with whom all others inside end; and the program.
Of Python only what comes without packages is used here, and little of it, so that it starts at once.
"""

# Every system has a /tmp to build in, and pathlib takes as long to load as all the rest.
# ruff: noqa: PTH102, PTH103, PTH110, PTH112, PTH120, PTH123, PTH211, S108, S606

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

# Source: Linux, include/uapi/linux/{sched,mount,prctl,capability}.h.
_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PIDS, _NEW_NET = 0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE, _DETACH = 2, 4, 8, 4096, 16384, 1 << 18, 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_HERE, _RECURSIVE = -100, 0x8000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAP_DAC_OVERRIDE, _CAP_LAST, _CAP_VERSION = 1, 63, 0x20080522
_MOUNT_SETATTR, _PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}  # the first is the same everywhere
_STATUS = struct.Struct("i")
_FAILED = 126

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> NoReturn:
    plan: dict[str, Any] = json.loads(sys.argv[1])
    os.set_inheritable(plan["trouble"], False)
    try:
        _die_with_parent()
        if os.getppid() != plan["parent"]:
            os._exit(_FAILED)
        if plan["namespaces"]:
            _enter_namespaces(plan, sys.argv[2:])
        _become(plan, sys.argv[2:])
    except BaseException as error:
        _complain(plan, str(error))
    os._exit(_FAILED)


def _enter_namespaces(plan: dict[str, Any], program: Sequence[str]) -> NoReturn:
    """Ends as the program does."""
    uid, gid = os.geteuid(), os.getegid()
    _unshare(_NEW_MOUNTS | _NEW_IPC | _NEW_PIDS | _NEW_NET | (_NEW_USER if uid else 0))
    if uid:
        _map_to_itself(uid, gid)
    told, tell = os.pipe()
    first = os.fork()
    if not first:
        os.close(told)
        _first_inside(plan, program, tell)
    os.close(tell)
    _close_all_but(told)
    os.waitpid(first, 0)
    status = os.read(told, _STATUS.size)
    code = os.waitstatus_to_exitcode(_STATUS.unpack(status)[0]) if status else -signal.SIGKILL
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        signal.pause()
    os._exit(code)


def _first_inside(plan: dict[str, Any], program: Sequence[str], tell: int) -> NoReturn:
    """Number one inside: signals from there do not end it, and when it ends all do."""
    try:
        _die_with_parent()
        if plan["room"] is not None:
            _build_room(plan["room"])
            if plan["user"] is not None:
                _become_user(*plan["user"])
        poll = select.poll()
        poll.register(tell, 0)
        if poll.poll(0):
            os._exit(_FAILED)  # the one outside is gone already
        _dumpable(0)  # nobody inside looks into this process
        child = os.fork()
        if not child:
            _become(plan, program)
        _close_all_but(tell)
        while (ended := os.wait())[0] != child:
            pass
        os.write(tell, _STATUS.pack(ended[1]))
    except BaseException as error:
        _complain(plan, str(error))
        os._exit(_FAILED)
    os._exit(0)


def _become(plan: dict[str, Any], program: Sequence[str]) -> NoReturn:
    os.chdir(plan["folder"])
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)  # Python looks away from these, and a program would inherit that
    _drop_capabilities(plan)
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    for name, pair in plan["limits"].items():
        resource.setrlimit(getattr(resource, name), tuple(pair))
    try:
        os.execve(program[0], list(program), dict(os.environ))
    except OSError as error:
        _complain(plan, f"{program[0]}: {error.strerror}")
        os._exit(_FAILED)


def _drop_capabilities(plan: dict[str, Any]) -> None:
    """What it could have after ``execve``: nothing, or as root among root's files the leave to open them."""
    header = struct.pack("Ii", _CAP_VERSION, 0)
    sets = ctypes.create_string_buffer(24)
    _checked(_libc.capget(header, sets), "capabilities")
    effective, permitted, _, effective_high, permitted_high, _ = struct.unpack("6I", sets)
    told = struct.pack("6I", effective, permitted, 0, effective_high, permitted_high, 0)
    _checked(_libc.capset(header, told), "capabilities")
    kept = _CAP_DAC_OVERRIDE if plan["user"] is None and os.geteuid() == 0 else None
    for cap in range(_CAP_LAST + 1):
        if cap != kept:
            _libc.prctl(_PR_CAPBSET_DROP, cap, 0, 0, 0)  # fails for what there is not, or is gone already


def _become_user(uid: int, gid: int) -> None:
    """Another user, and with luck in a user namespace of its own: there its processes are counted by themselves."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _dumpable(1)  # or its own files in /proc are root's
    try:
        _unshare(_NEW_USER)
    except OSError:
        pass  # the administrator allows none: then they are counted with all of that user's
    else:
        _map_to_itself(uid, gid)
    _die_with_parent()  # was forgotten with the change of user


def _map_to_itself(uid: int, gid: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _build_room(entries: Sequence[Sequence[str]]) -> None:
    """A file system with nothing in it but ``entries``, which then is all there is.

    The old one is moved to ``/old`` first, so that it can be bound from while the new one grows in ``/new``.
    """
    _mount("none", "/", "", _REC | _PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, "mode=0755,size=1m,nr_inodes=4k")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    _mount("/tmp/new", "/tmp/new", "", _BIND)
    _pivot("/tmp", "/tmp/old")
    os.chdir("/")
    for path, real, kind in entries:
        _furnish(f"/new{path}", real, kind)
    os.makedirs("/new/proc", exist_ok=True)
    try:
        _mount("proc", "/new/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    except OSError:  # a container that hides parts of its own allows no other; of others' processes it shows numbers
        _mount("/old/proc", "/new/proc", "", _BIND | _REC)
    os.makedirs("/new/tmp", exist_ok=True)
    os.chdir("/new")
    _pivot(".", ".")
    _checked(_libc.umount2(b".", _DETACH), "leaving the old root")
    os.chdir("/")
    _restrict("/", _ATTR_RDONLY, 0)


def _furnish(place: str, real: str, kind: str) -> None:
    if kind == "link":
        if not os.path.lexists(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.symlink(real, place)
        return
    source = f"/old{real}"
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    elif not os.path.exists(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, place, "", _BIND | _REC)
    if kind != "device":
        _restrict(place, _ATTR_NOSUID | _ATTR_NODEV | (_ATTR_RDONLY if kind == "read" else 0), _RECURSIVE)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    words = [os.fsencode(word) or None for word in (source, target, kind)]
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None), f"mounting {target}")


def _restrict(path: str, attributes: int, how: int) -> None:
    """mount_setattr(2), Linux 5.12: it adds to what is forbidden there already, whatever that is."""
    told = ctypes.create_string_buffer(struct.pack("QQQQ", attributes, 0, 0, 0))
    done = _libc.syscall(_MOUNT_SETATTR, _HERE, os.fsencode(path), how, told, ctypes.c_size_t(32))
    _checked(done, f"restricting {path}")


def _pivot(new: str, old: str) -> None:
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(f"no room is built on {os.uname().machine}")
    _checked(_libc.syscall(number, new.encode(), old.encode()), "changing the root")


def _unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "namespaces")


def _dumpable(whether: int) -> None:
    _checked(_libc.prctl(_PR_SET_DUMPABLE, whether, 0, 0, 0), "being dumped")


def _die_with_parent() -> None:
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "dying with the parent")


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _complain(plan: dict[str, Any], line: str) -> None:
    os.write(plan["trouble"], os.fsencode(line)[:500])


def _close_all_but(kept: int) -> None:
    """What the program holds is to be closed with it."""
    os.closerange(3, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


if __name__ == "__main__":
    main()
