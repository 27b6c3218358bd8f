"""What ``make`` does to a machine: Debian packages as whoever we are, nothing when all is there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.scripts import ROOT, Machine

NEED = ". scripts/lib/words.sh; . scripts/lib/debian.sh; need_packages qemu-utils postgresql"

# Says a package is installed once apt-get has made a file of its name in $INSTALLED.
DPKG = 'for name; do :; done; [ -e "$INSTALLED/$name" ] && printf "ii " || { printf "un "; exit 1; }'
APT = """
case " $* " in
    *" update "*) touch "$INSTALLED/.updated" ;;
    *" install "*)
        [ -e "$INSTALLED/.updated" ] || [ -z "${STALE:-}" ] || exit 100
        while [ "$1" != --no-install-recommends ]; do shift; done; shift
        for name; do touch "$INSTALLED/$name"; done ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Debian with qemu-utils and without postgresql."""
    made = Machine(tmp_path)
    installed = tmp_path / "installed"
    installed.mkdir()
    (installed / "qemu-utils").touch()
    monkeypatch.setenv("INSTALLED", str(installed))
    made.has("dpkg-query", DPKG)
    made.has("apt-get", APT)
    made.has("id", "echo 0")
    return made


def _apt(machine: Machine) -> list[str]:
    """What apt-get was told: its verb and the packages."""
    lines = [line.split() for line in machine.calls if line.startswith("apt-get ")]
    return [" ".join(word for word in line[4:] if not word.startswith("-")) for line in lines]


def test_root_gets_what_is_missing_and_nothing_else(machine: Machine) -> None:
    done = machine.bash(NEED)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "packages: installed postgresql\n"
    assert _apt(machine) == ["install postgresql"]


def test_a_second_time_nothing_happens(machine: Machine) -> None:
    machine.bash(NEED)
    before = _apt(machine)
    done = machine.bash(NEED)
    assert (done.returncode, done.stdout) == (0, "")
    assert _apt(machine) == before


def test_the_lists_are_updated_only_when_they_do_not_do(machine: Machine) -> None:
    done = machine.bash(NEED, env={"STALE": "yes"})
    assert done.returncode == 0, done.stderr
    assert _apt(machine) == ["install postgresql", "update", "install postgresql"]


def test_others_go_through_sudo_where_it_asks_no_password(machine: Machine) -> None:
    machine.has("id", "echo 1000")
    machine.has("sudo", 'shift; "$@"')
    done = machine.bash(NEED)
    assert done.returncode == 0, done.stderr
    assert _apt(machine) == ["install postgresql"]
    assert any(line.startswith("sudo -n env ") for line in machine.calls)


def test_who_may_not_install_is_told_the_command_and_nothing_is_tried(machine: Machine) -> None:
    machine.has("id", "echo 1000")
    machine.has("sudo", "exit 1")
    done = machine.bash(NEED)
    assert done.returncode == 1
    assert "apt-get install --yes --no-install-recommends postgresql\n" in done.stderr
    assert _apt(machine) == []


def test_a_failure_of_apt_is_ours(machine: Machine) -> None:
    machine.has("apt-get", "echo 'no such package' >&2; exit 100")
    done = machine.bash(NEED)
    assert done.returncode == 1
    assert "no such package" in done.stderr


def test_set_up_again_is_done_at_once() -> None:
    """The environment that runs these tests was made by scripts/setup. Bounded loosely: machines that test are busy."""
    if not (ROOT / ".venv/made-of").exists():
        pytest.skip("this environment was not made by scripts/setup")
    machine = Machine(ROOT)
    started = time.monotonic()
    done = machine.run("scripts/setup")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert time.monotonic() - started < 5


def test_an_unknown_word_is_an_error(tmp_path: Path) -> None:
    done = Machine(tmp_path).run("scripts/setup", "--everything")
    assert done.returncode == 1
    assert "--everything" in done.stderr


@pytest.mark.parametrize("role", ["--demo", "--test", "--peers", "--kamaki"])
def test_help_tells_every_role(role: str, tmp_path: Path) -> None:
    assert role in Machine(tmp_path).run("scripts/setup", "--help").stdout
