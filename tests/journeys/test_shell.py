"""``imageferry shell``: as a script, and at a terminal with somebody who types."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.journeys.person import PASSWORD, NewPerson, Person

WAIT_S = 30.0


def _environment(person: Person) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
    return kept | person.env | {"XDG_STATE_HOME": str(person.folder / "state"), "TERM": "xterm"}


def _script(person: Person, text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "imageferry.cli.main", "shell"]
    return subprocess.run(
        command,
        input=text,
        cwd=person.folder,
        env=_environment(person),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_script_of_commands_runs_to_its_end_and_tells_of_the_first_that_failed(person: Person) -> None:
    (person.folder / "a b.txt").write_text("hello")
    done = _script(
        person,
        """# upload, look, and fail in between
        object
        put 'a b.txt' papers -f value -c size
        /image
        show nothing-of-that-name
        nonsense
        exit
        container papers
        object list -f value -c name
        !wc -c < 'a b.txt'
        object get 'a b.txt' back -f value -c size
        /exit
        object delete 'a b.txt'
        """,
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.split() == ["5", "a", "b.txt", "5", "5"]
    assert "nothing-of-that-name" in done.stderr
    assert "No such command 'nonsense'" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert not (person.folder / "state").exists()  # scripts leave no history


def test_a_script_ends_well_when_all_went_well_and_a_reader_who_has_gone_is_no_error(person: Person) -> None:
    assert _script(person, "").returncode == 0
    assert _script(person, "image list").returncode == 0  # no line break at the end
    assert _script(person, "\udcff\n".encode("utf-8", "surrogateescape").decode("latin-1")).returncode == 2


def test_clouds_are_chosen_in_between(new_person: NewPerson) -> None:
    person = new_person()
    done = _script(person, "cloud k5\ntask list --kind import -f json\ncloud nowhere\ncloud here\nimage list -f json\n")
    assert done.returncode == 4
    assert done.stdout.split() == ["[]", "[]"]


def test_commands_work_with_the_cloud_that_was_chosen_and_with_no_other(new_person: NewPerson) -> None:
    person = new_person()
    file = Path(person.env["OS_CLIENT_CONFIG_FILE"])
    clouds = yaml.safe_load(file.read_text())
    auth = {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "p", "project_id": "p"}
    clouds["clouds"]["closed"] = {"auth": auth | {"user_domain_name": "Default"}, "region_name": "r"}
    file.write_text(yaml.safe_dump(clouds))
    assert _script(person, "image list").returncode == 0
    done = _script(person, "cloud closed\nimage list")
    assert (done.stdout, done.returncode != 0) == ("", True), done.stderr
    assert "cloud closed" in done.stderr


class Terminal:
    """A shell on a terminal of its own, and what it shows."""

    def __init__(self, person: Person) -> None:
        self.shown = ""
        pid, self._fd = pty.fork()
        if pid == 0:
            os.chdir(person.folder)
            os.execve(sys.executable, [sys.executable, "-m", "imageferry.cli.main", "shell"], _environment(person))  # noqa: S606
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        self.pid = pid

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def complete(self, begun: str, rest: str) -> None:
        """Type the begin of a word and Tab, and wait for the rest."""
        self.type(begun)
        self.until(begun)
        self.type("\t")
        self.until(rest)

    def until(self, words: str) -> None:
        """Wait until these words are shown, and forget what was before them."""
        end = time.monotonic() + WAIT_S
        while words not in self._plain():
            if time.monotonic() > end or not self._read(end):
                raise AssertionError(f"{words!r} is not shown: {self._plain()[-2000:]!r}")
        self.shown = self._plain().partition(words)[2]

    def _plain(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", self.shown)

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, end - time.monotonic()))
        try:
            data = os.read(self._fd, 65536) if ready else b""
        except OSError:  # the other side has closed
            return False
        if b"\x1b[6n" in data:  # where is the cursor? A real terminal answers
            os.write(self._fd, b"\x1b[1;1R")
        self.shown += data.decode(errors="replace")
        return bool(data)

    def end(self) -> int:
        """The exit code, once it has ended."""
        end = time.monotonic() + WAIT_S
        while self._read(end):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def at_terminal() -> Iterator[Callable[[Person], Terminal]]:
    made: list[Terminal] = []

    def sit_down(person: Person) -> Terminal:
        made.append(Terminal(person))
        return made[-1]

    yield sit_down
    for terminal in made:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        terminal.close()


def test_somebody_types_completes_and_leaves(person: Person, at_terminal: Callable[[Person], Terminal]) -> None:
    (person.folder / "notes.txt").write_text("hello")
    person("object", "put", "notes.txt", "papers")
    terminal = at_terminal(person)
    terminal.until("here>")
    terminal.complete("obj", "ect")
    terminal.type("\r")
    terminal.until("here object>")
    terminal.complete("list pap", "ers")  # by asking the cloud
    terminal.type(" -f value -c name\r")
    terminal.until("\nnotes.txt")
    terminal.until("here object>")
    terminal.type("show nothing here\r")
    terminal.until("no object 'nothing/here'")
    terminal.until("here object>")
    terminal.type("half a line\x03")  # Ctrl-C leaves the line, not the shell
    terminal.until("here object>")
    terminal.type("\x04")  # Ctrl-D leaves the context
    terminal.until("here>")
    terminal.type("container papers\r")
    terminal.until("here:papers>")
    terminal.complete("object show no", "tes.txt")
    terminal.type(" -f value -c size\r")
    terminal.until("\n5")
    terminal.until("here:papers>")
    terminal.type("!echo secret-$((6*7))\r")
    terminal.until("secret-42")
    terminal.until("here:papers>")
    terminal.type("\x04")
    assert terminal.end() == 0
    history = person.folder / "state" / "imageferry" / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    kept = history.read_text()
    assert "container papers" in kept
    assert "secret" not in kept
    assert PASSWORD not in kept


def test_what_was_typed_comes_back_with_the_arrow_in_the_next_shell(
    person: Person, at_terminal: Callable[[Person], Terminal]
) -> None:
    for keys in ("container papers\r", "\x1b[A\x1b[A\r"):
        terminal = at_terminal(person)
        terminal.until("here>")
        terminal.type(keys)
        terminal.until("here:papers>")
        terminal.type("/exit\r")
        assert terminal.end() == 0


def test_ctrl_c_ends_the_command_and_not_the_shell(person: Person, at_terminal: Callable[[Person], Terminal]) -> None:
    terminal = at_terminal(person)
    terminal.until("here>")
    terminal.type("!echo now; sleep 60\r")
    terminal.until("\nnow")
    terminal.type("\x03")
    terminal.until("interrupted")
    terminal.until("here>")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 143
