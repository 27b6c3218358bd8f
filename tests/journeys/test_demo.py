"""``make demo`` shows what it promises, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts import ROOT, Machine

pytestmark = pytest.mark.slow


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The demonstration with a small disk, under way, in a session of its own."""
    asked = Machine(tmp_path).bash(
        ". scripts/lib/debian.sh; "
        "missing_packages qemu-utils grub-rescue-pc debian-installer-12-netboot-amd64 e2fsprogs"
    )
    if asked.stdout or not (ROOT / ".venv/made-of").exists():
        pytest.skip("scripts/setup --demo has not been run here")
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [ROOT / "scripts/demo", "--small"],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_disks_go_in_and_come_out_the_same(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    told, _ = demo.communicate(timeout=500)
    assert demo.returncode == 0, told
    assert told.count("bytes are the same") == 3
    assert "nothing is left behind" in told
    assert not list((tmp_path / "tmp").iterdir())


def test_ctrl_c_stops_the_service_and_removes_everything(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    assert demo.stdout is not None
    told = ""
    while "It answers at" not in told:
        line = demo.stdout.readline()
        assert line, told
        told += line
    assert _with(tmp_path)
    os.killpg(demo.pid, signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    deadline = time.monotonic() + 5
    while _with(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _with(tmp_path)
    assert not list((tmp_path / "tmp").iterdir())


def _with(folder: Path) -> list[str]:
    """Command lines of running processes that name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if str(folder) in line:
            found.append(line)
    return found
