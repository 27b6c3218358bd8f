"""The Sleuth Kit in its cage, by the contract; and what we do with a program in there that is no longer ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from imageferry.domain.errors import Unavailable
from imageferry.formats.source import Bytes
from imageferry.ports.file_systems import UNKNOWN, FileSystems, ReadingLimits
from imageferry.tools import file_systems
from imageferry.tools.file_systems import SleuthKit
from tests.contracts.file_systems import FILES, FileSystemsContract, read
from tests.file_systems import MIB, ext4


class TestSleuthKit(FileSystemsContract):
    @pytest.fixture
    def reader(self) -> FileSystems:
        return SleuthKit()


Odd = Callable[[str], SleuthKit]

_START = """
import json, os, socket, struct, sys, time
link = socket.socket(fileno=int(sys.argv[1]))
size = int(sys.argv[2])
def say(kind, payload=b""):
    link.sendall(struct.pack(">BI", kind, len(payload)) + payload)
def volume(offset=0, size=size):
    say(4, json.dumps({"kind": "ext4", "offset": offset, "size": size}).encode())
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Odd:
    """A reader whose program in the cage is another one."""

    def make(code: str) -> SleuthKit:
        program = tmp_path / "program"
        program.write_text(f"#!{sys.executable} -I\nimport sys; del sys.argv[1:4]\n{_START}\n{code}\n")
        program.chmod(0o755)
        monkeypatch.setattr(file_systems.sys, "executable", str(program))
        return SleuthKit()

    return make


@pytest.mark.parametrize(
    "code",
    [
        "say(1); volume(); os.kill(os.getpid(), 11)",
        "say(1); volume(); sys.exit(0)",
        "say(1); sys.exit(1)",
        "say(1); volume(); say(99)",
        "say(1); volume(); link.sendall(struct.pack('>BI'.replace(chr(39), ''), 6, 1 << 31))",
        "say(1); volume(); volume()",
        "say(1); volume(0, size + 1)",
        "say(1); volume(-1)",
        'say(1); say(6, b"data of no file")',
        'say(1); volume(); say(5, b"[" * 100000)',
        'say(1); volume(); say(5, b"{}")',
        'say(1); volume(); say(7, b"1")',
        'say(1); volume(); say(2, struct.pack(">QI", size, 1)); link.recv(9)',
        'say(1); volume(); say(2, struct.pack(">QI", 0, 1 << 31)); link.recv(9)',
        'say(1); volume(); say(3, b"abc")',
        "say(1); volume(); bytearray(4 << 30)",
        "say(1); volume(); time.sleep(60)",
    ],
)
def test_a_reader_that_fails_or_lies_leaves_all_of_the_disk_to_be_looked_at(odd: Odd, code: str) -> None:
    code = code.replace("'", '"').replace('">BI".replace(chr(39), "")', '">BI"')
    volumes = read(odd(code), bytes(MIB), ReadingLimits(wall_s=3))
    last = volumes[-1]
    assert (last.kind, last.offset, last.size, last.whole) == (UNKNOWN, 0, MIB, False)
    assert last.why
    assert ("nowhere" in last.why) is ("say(2," in code)
    assert not any(volume.whole for volume in volumes)


@pytest.mark.parametrize("code", ["sys.exit(1)", "os.kill(os.getpid(), 9)", "volume(", "import no_such_module"])
def test_a_reader_that_does_not_start_is_an_error(odd: Odd, code: str) -> None:
    with pytest.raises(Unavailable, match="does not start"):
        read(odd(code), bytes(MIB))


def test_too_little_memory_is_an_error_or_not_called_seen(tmp_path: Path) -> None:
    disk = ext4(tmp_path, FILES)
    with pytest.raises(Unavailable):
        read(SleuthKit(), disk, ReadingLimits(memory_bytes=16 * MIB))


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_systems.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="pytsk3 is not installed"):
        next(SleuthKit().read(Bytes(bytes(MIB)), limits=ReadingLimits(), watch=lambda: None))
