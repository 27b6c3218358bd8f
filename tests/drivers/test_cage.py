"""What a program in the cage can and cannot do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from imageferry.domain.errors import Cancelled, TimedOut, Unavailable
from imageferry.ports.disk_tools import ToolLimits
from imageferry.tools.cage import find_program, run_caged

LIMITS = ToolLimits(memory_bytes=1 << 30, cpu_s=5, wall_s=10)


def python(code: str, folder: Path, limits: ToolLimits = LIMITS, **more: object) -> str:
    ended = run_caged([sys.executable, "-I", "-c", code], limits=limits, folder=folder, **more)  # type: ignore[arg-type]
    return ended.stdout.decode() + ended.stderr.decode()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Mark:
    """A name that a process gives itself, by which it is found from outside of its cage."""

    name: str

    @property
    def put_on(self) -> str:
        return f"open('/proc/self/comm', 'w').write({self.name!r})"

    def pids(self) -> list[int]:
        found = []
        for comm in Path("/proc").glob("[0-9]*/comm"):
            with suppress(OSError):
                found += [int(comm.parent.name)] if comm.read_text(encoding="utf-8").strip() == self.name else []
        return found


def marked() -> Mark:
    return Mark(f"caged-{uuid.uuid4().hex[:8]}")


def dies(pid: int) -> bool:
    end = time.monotonic() + 5
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


def test_it_sees_a_short_environment_and_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_PASSWORD", "secret")
    said = python("import os, sys; print(dict(os.environ), os.getcwd(), repr(sys.stdin.read()))", tmp_path)
    assert "secret" not in said
    assert said.strip().endswith(f"{tmp_path} ''")


def test_it_writes_no_file_unless_it_may(tmp_path: Path) -> None:
    code = "import os; os.write(os.open('x', os.O_CREAT | os.O_WRONLY), b'12345')"
    python(code, tmp_path)
    assert (tmp_path / "x").read_bytes() == b""
    python(code, tmp_path, ToolLimits(file_bytes=5))
    assert (tmp_path / "x").read_bytes() == b"12345"


def test_it_gets_no_more_memory(tmp_path: Path) -> None:
    assert "MemoryError" in python("bytearray(1 << 30)", tmp_path)


def test_it_inherits_the_files_it_is_given_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"given")
    with (tmp_path / "x").open("rb") as given, (tmp_path / "x").open("rb") as kept:
        os.set_inheritable(kept.fileno(), True)
        code = f"import os; print(os.pread({given.fileno()}, 9, 0)); os.fstat({kept.fileno()})"
        said = python(code, tmp_path, fds=(given.fileno(),))
    assert "b'given'" in said
    assert "Bad file descriptor" in said


def test_it_gains_no_privileges(tmp_path: Path) -> None:
    said = python("print(open('/proc/self/status').read())", tmp_path)
    assert "NoNewPrivs:\t1" in said
    if os.geteuid() == 0:
        assert "CapEff:\t0000000000000000" in said


def test_too_long_is_timed_out_and_all_of_it_is_dead(tmp_path: Path) -> None:
    mark = marked()
    seen: list[int] = []
    code = f"import os, time\nif not os.fork(): os.setsid()\n{mark.put_on}; print('.', flush=True); time.sleep(60)"
    with pytest.raises(TimedOut, match=r"python.* did not end within 1 s"):
        python(code, tmp_path, ToolLimits(wall_s=1), watch=lambda _: seen.extend(mark.pids()))
    assert len(set(seen)) == 2
    assert all(dies(pid) for pid in seen)


def test_too_much_work_is_timed_out(tmp_path: Path) -> None:
    with pytest.raises(TimedOut, match="processor time"):
        python("while True: pass", tmp_path, ToolLimits(cpu_s=1))


def test_the_watch_is_called_in_silence_too_and_may_stop_it(tmp_path: Path) -> None:
    def stop(data: bytes) -> None:
        assert data == b""
        raise Cancelled("the work")

    before = time.monotonic()
    with pytest.raises(Cancelled):
        python("import time; time.sleep(60)", tmp_path, watch=stop)
    assert time.monotonic() - before < 5


def test_endless_output_is_not_kept(tmp_path: Path) -> None:
    said = python("import sys\nfor _ in range(64): sys.stderr.write('x' * (1 << 20))", tmp_path)
    assert len(said) == 1 << 20


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    mark = marked()
    show = f"import time\n{mark.put_on}; print('.', flush=True); time.sleep(60)"
    code = (
        "import sys; from pathlib import Path\n"
        "from imageferry.ports.disk_tools import ToolLimits\n"
        "from imageferry.tools.cage import run_caged\n"
        "tell = lambda data: data and print(data.decode(), flush=True)\n"
        f"words = [sys.executable, '-c', {show!r}]\n"
        f"run_caged(words, limits=ToolLimits(), folder=Path({str(tmp_path)!r}), watch=tell)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == ".\n"
        (pid,) = mark.pids()
        parent.kill()
    assert dies(pid)


def test_a_program_that_is_not_there_is_named_with_its_package() -> None:
    with pytest.raises(Unavailable, match="install the Debian package nothing-utils"):
        find_program("no-such-program", "nothing-utils")
