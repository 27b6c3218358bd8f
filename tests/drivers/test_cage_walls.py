"""What a program in the cage can reach: as the service runs as root, and as an ordinary user."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

import imageferry
from imageferry.tools.cage_walls import Walls

_ORDINARY = 65534
_SYSTEM_PYTHON = "/usr/bin/python3"
_SOURCES = str(Path(imageferry.__file__).parent.parent)
_RUN = """
import json, sys
from pathlib import Path
from imageferry.domain.errors import FerryError
from imageferry.ports.disk_tools import ToolLimits
from imageferry.tools.cage import run_caged
from imageferry.tools.cage_walls import Walls, walls
code, folder, reads, limits, within = json.loads(sys.argv[1])
if within == "?":
    sys.exit(walls().name)
try:
    ended = run_caged(
        [sys.executable, "-I", "-c", code], limits=ToolLimits(**limits), folder=Path(folder),
        reads=[Path(path) for path in reads], within=within and Walls[within],
    )
except FerryError as error:
    sys.exit(str(error))
sys.stdout.write(ended.stdout.decode() + ended.stderr.decode())
"""
_TRY = """
import os, sys
def attempt(what, deed):
    try: print(what, 'DONE', deed())
    except OSError as error: print(what, error.errno)
"""


@dataclass(frozen=True)
class Service:
    """The folder of a service that runs as that user, and the processes of it that start the cage."""

    user: int
    data: Path

    @property
    def work(self) -> Path:
        return self.data / "work" / "task" / "own" / "work"

    def run(
        self, code: str, *, reads: tuple[Path, ...] = (), within: Walls | str | None = None, **limits: object
    ) -> str:
        """What Python code says in the cage."""
        kind = within.name if isinstance(within, Walls) else within
        bounds = {"memory_bytes": 1 << 30, "cpu_s": 20, "wall_s": 20, **limits}
        return self.python(_RUN, [_TRY + code, str(self.work), [str(path) for path in reads], bounds, kind])

    def python(self, code: str, argument: object) -> str:
        """What Python code says outside of the cage, as that user."""
        words = [sys.executable if self.user == os.geteuid() else _SYSTEM_PYTHON, "-c", code, json.dumps(argument)]
        if self.user != os.geteuid():
            words = ["setpriv", "--reuid", str(self.user), "--regid", str(self.user), "--clear-groups", "--", *words]
        paths = f"{_SOURCES}:{sysconfig.get_path('purelib')}"
        ended = subprocess.run(words, env={"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
        return ended.stdout + ended.stderr

    def keep(self, name: str, text: str = "secret") -> Path:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def own(self) -> None:
        for path in (self.data, *self.data.rglob("*")):
            os.chown(path, self.user, self.user)


@pytest.fixture(params=["root", "ordinary"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service with secrets, as both kinds of users as far as we can become them."""
    user = 0 if request.param == "root" else os.geteuid() or _ORDINARY
    if user == 0 and os.geteuid():
        pytest.skip("only root can be root")
    if user != os.geteuid() and not (Path(_SYSTEM_PYTHON).exists() and Path(_SOURCES).stat().st_mode & 0o005):
        pytest.skip("an ordinary user finds no Python, or not our sources")
    data = Path(tempfile.mkdtemp(prefix="ferry-"))
    data.chmod(0o700)
    made = Service(user, data)
    made.work.mkdir(parents=True)
    for name in ("imageferry.db", "blocks/ab/cdef", "clouds.yaml", "work/other/source"):
        made.keep(name)
    made.own()
    if made.run("", within="?").strip() != Walls.ROOM.name:
        shutil.rmtree(data)
        pytest.skip("this system does not let that user build a room")
    try:
        yield made
    finally:
        shutil.rmtree(data)


def test_it_is_nobody_of_consequence(service: Service) -> None:
    said = service.run("print(open('/proc/self/status').read()); print(os.getresuid(), os.getresgid(), os.getgroups())")
    assert "NoNewPrivs:\t1" in said
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{name}:\t0000000000000000" in said
    assert f"({_ORDINARY}, {_ORDINARY}, {_ORDINARY})" in said or service.user not in (0, _ORDINARY)
    assert "(0, 0, 0)" not in said


def test_it_reads_nothing_of_the_service(service: Service) -> None:
    paths = [str(path) for path in service.data.rglob("*") if path.is_file()]
    assert len(paths) == 4
    up = [f"../../../../{name}" for name in ("imageferry.db", "blocks/ab/cdef", "clouds.yaml", "work/other/source")]
    around = [
        f"/proc/{pid}/{way}{path}" for pid in (1, "self", os.getpid()) for way in ("root", "cwd") for path in paths
    ]
    code = f"for path in {paths + up + around!r}: attempt(path, lambda: open(path).read())"
    said = service.run(code)
    assert said.count("\n") == len(paths + up + around), said
    assert "DONE" not in said
    assert "secret" not in said


def test_it_sees_no_more_folders_than_it_must(service: Service) -> None:
    there = tempfile.gettempdir()
    folders = ["/", str(service.data), there, "..", "."]
    root, data, tmp, above, own = ast.literal_eval(service.run(f"print([os.listdir(name) for name in {folders!r}])"))
    assert "home" not in root
    assert "root" not in root or service.user == 0  # there is the Python of the tests, perhaps
    assert (data, above, own) == (["work"], ["work"], [])
    # The program itself may lie there as well, where the checkout does.
    bound = [Path(path) for path in (service.data, sys.prefix, _SOURCES)]
    beside = {path.relative_to(there).parts[0] for path in bound if path.is_relative_to(there)}
    assert {service.data.name} <= set(tmp) <= beside


def test_it_writes_into_its_folder_only(service: Service) -> None:
    read = service.keep("read-only")
    service.own()
    folders = ["", "/usr", "/etc", "/dev", "/proc/sys/kernel", "..", str(service.data), tempfile.gettempdir()]
    places = [*(f"{folder}/x" for folder in folders), str(read)]
    said = service.run(
        f"for path in {places!r}: attempt(path, lambda: open(path, 'w'))\n"
        f"attempt('chmod', lambda: os.chmod({str(read)!r}, 0o777))\n"
        f"attempt('unlink', lambda: os.unlink({str(read)!r}))\n"
        "open('mine', 'w').write('mine'); print(open('mine').read())\n",
        reads=(read,),
        file_bytes=10,
    )
    assert said.count("DONE") == 0, said
    assert said.endswith("mine\n")
    assert (service.work / "mine").read_text() == "mine"
    assert read.read_text() == "secret"


def test_what_it_is_handed_it_can_read(service: Service) -> None:
    handed = service.keep("work/task/own/disk.raw", "a disk")
    service.own()
    handed.chmod(0o644)
    code = f"attempt('disk', lambda: open({str(handed)!r}).read())\nattempt('db', lambda: os.listdir('/proc/1/root'))"
    said = service.run(code, reads=(handed,))
    assert "disk DONE a disk" in said
    assert "db DONE" not in said


def test_it_reaches_no_network_and_no_socket_of_ours(service: Service) -> None:
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        named, abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        named.bind(str(service.data / "socket"))
        (service.data / "socket").chmod(0o777)
        hidden = f"\0ferry-{os.getpid()}"
        abstract.bind(hidden)
        for one in (named, abstract):
            one.listen()
        said = service.run(
            "import socket\n"
            f"attempt('tcp', lambda: socket.create_connection({listening.getsockname()!r}, 2))\n"
            f"attempt('unix', lambda: socket.socket(socket.AF_UNIX).connect({str(service.data / 'socket')!r}))\n"
            f"attempt('abstract', lambda: socket.socket(socket.AF_UNIX).connect({hidden!r}))\n"
            "attempt('udp', lambda: socket.socket(2, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53)))\n"
        )
    assert [line.split()[0] for line in said.splitlines()] == ["tcp", "unix", "abstract", "udp"], said
    assert "DONE" not in said


def test_it_sees_and_touches_no_other_process(service: Service) -> None:
    words = [shutil.which("sleep") or "", "60"]
    with subprocess.Popen(words, user=service.user, group=service.user, extra_groups=()) as other:
        try:
            said = service.run(
                "import ctypes, signal\n"
                "libc = ctypes.CDLL(None, use_errno=True)\n"
                "print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))\n"
                f"for pid in ({os.getpid()}, {other.pid}):\n"
                "    attempt('mem', lambda: open(f'/proc/{pid}/mem', 'rb'))\n"
                "    attempt('environ', lambda: open(f'/proc/{pid}/environ', 'rb').read())\n"
                "    attempt('kill', lambda: os.kill(pid, signal.SIGTERM))\n"
                "    print('ptrace', libc.ptrace(16, pid, 0, 0))\n"
            )
            assert other.poll() is None
        finally:
            other.kill()
    assert said.startswith("[1, 2]\n"), said
    assert said.count("ptrace -1\n") == 2
    assert "DONE" not in said


def test_the_first_process_inside_keeps_its_secrets_too(service: Service) -> None:
    said = service.run(
        "import ctypes\n"
        "attempt('mem', lambda: open('/proc/1/mem', 'rb').read(1))\n"
        "attempt('fds', lambda: os.listdir('/proc/1/fd'))\n"
        "print('ptrace', ctypes.CDLL(None).ptrace(16, 1, 0, 0))\n"
    )
    assert "DONE" not in said
    assert "ptrace -1" in said


@pytest.mark.parametrize("how", ["fork", "thread"])
def test_a_bomb_of_processes_is_bounded(service: Service, how: str) -> None:
    bomb = {
        "fork": "if not os.fork(): time.sleep(60); os._exit(0)",
        "thread": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    }[how]
    said = service.run(
        "import threading, time\ncount = 0\ntry:\n    while count < 5000:\n"
        f"        {bomb.replace('; os._exit(0)', '')}\n        count += 1\n"
        "except (OSError, RuntimeError): pass\nprint('made', count, flush=True); os._exit(0)",
        processes=40,
    )
    made = int(said.split()[1])
    assert 30 <= made < 40, said


def test_it_opens_so_many_files_and_no_more(service: Service) -> None:
    said = service.run("files = []\nfor n in range(500): attempt(n, lambda: files.append(open('/dev/null')))")
    assert "60 DONE" in said
    assert "64 DONE" not in said


@pytest.mark.parametrize("within", [Walls.NAMESPACES, Walls.LIMITS])
def test_where_no_room_can_be_built_the_limits_stand_all_the_same(service: Service, within: Walls) -> None:
    said = service.run(
        "import socket\n"
        "attempt('file', lambda: open('x', 'w').write('x' * 100))\n"
        "attempt('many', lambda: [open('/dev/null') for _ in range(100)])\n"
        "attempt('net', lambda: socket.socket(2, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53)))\n"
        "print(open('/proc/self/status').read())",
        within=within,
        file_bytes=10,
    )
    assert "many 24" in said, said
    assert "NoNewPrivs:\t1" in said
    assert ("net 101" in said) or within is Walls.LIMITS
    assert (service.work / "x").stat().st_size <= 10


_TO_QCOW2 = """
import json, sys
from pathlib import Path
from imageferry.domain.image import DiskFormat
from imageferry.tools.qemu_img import QemuImg
source, target = map(Path, json.loads(sys.argv[1]))
tools = QemuImg(scratch=target.parent)
print(tools.info(source, DiskFormat.RAW).virtual_size)
tools.convert(source, DiskFormat.RAW, target, DiskFormat.QCOW2)
print(tools.check(target, DiskFormat.QCOW2))
"""


def test_qemu_img_gets_a_disk_that_only_its_owner_reads_and_gives_back_what_it_makes(service: Service) -> None:
    if shutil.which("qemu-img") is None:
        pytest.skip("qemu-img is not installed")
    source, target = service.keep("disk.raw", "\0" * 71_680), service.data / "disk.qcow2"
    service.own()
    there = {path.name for path in service.data.iterdir()}
    said = service.python(_TO_QCOW2, [str(source), str(target)])
    assert said.splitlines()[0] == "71680", said
    assert "corruptions=0" in said
    assert target.read_bytes()[:4] == b"QFI\xfb"
    assert (target.stat().st_uid, source.stat().st_uid) == (service.user, service.user)
    assert {path.name for path in service.data.iterdir()} == there | {"disk.qcow2"}
