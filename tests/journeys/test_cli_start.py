"""The command line without any cloud: how fast it starts, what it says, what it ends with."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from imageferry.cli.main import cli

HEAVY = {
    *("alembic", "argon2", "asyncio", "cryptography", "dbos", "granian", "keystoneauth1", "logging", "lxml"),
    *("msgspec", "openstack", "oslo_utils", "prompt_toolkit", "requests", "rich", "sqlalchemy", "starlette", "yaml"),
}


def _run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
    command = [sys.executable, "-m", "imageferry.cli.main", *arguments]
    options = {"env": env, "capture_output": True, "text": True, "timeout": 60, **options}
    return subprocess.run(command, **options)  # type: ignore[call-overload, no-any-return]


def _commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


@pytest.mark.parametrize("command", ["", "push", "image", "object", "task", "shell"])
def test_help_loads_nothing_heavy(command: str) -> None:
    code = (
        "import sys\nfrom imageferry.cli.main import main\n"
        f"sys.argv[1:] = {[*command.split(), '--help']!r}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "Usage: imageferry" in done.stdout
    assert done.stderr.strip() == "[]"


def test_help_is_there_at_once() -> None:
    """0.15 s as a whole process. Time of the processor: machines that test are busy."""
    _run("--help")

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert _run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.15


@pytest.mark.parametrize("command", list(_commands()), ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    found: click.Command = cli
    for name in command:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name) or pytest.fail(name)
    assert found.help
    text = found.get_help(click.Context(found, info_name=" ".join(command)))
    assert "Usage:" in text
    undocumented = [
        parameter.name
        for parameter in found.params
        if isinstance(parameter, click.Option) and not parameter.help and command[0] != "admin"
    ]
    assert not undocumented


def test_help_of_a_command_is_printed_on_stdout() -> None:
    done = _run("image", "share", "--help")
    assert done.returncode == 0
    assert "PROJECT..." in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["nonsense"], ["push"], ["image", "list", "--nonsense"], ["image"]])
def test_a_wrong_command_line_ends_with_2_and_says_why_on_stderr(arguments: list[str]) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: imageferry" in done.stderr


def test_a_value_of_the_wrong_form_ends_with_3_before_anything_happens(tmp_path: Path) -> None:
    for option, value in (("--segment-size", "1XB"), ("--timeout", "soon"), ("--checksum", "abc"), ("-c", "nonsense")):
        done = _run("push", str(tmp_path / "no.img"), option, value, "--cloud", "none")
        assert done.returncode == 3, done.stderr
        assert option in done.stderr
        assert value in done.stderr
        assert done.stdout == ""


def test_an_unknown_cloud_ends_with_4(tmp_path: Path) -> None:
    done = _run("image", "list", "--cloud", "nowhere", cwd=tmp_path)
    assert done.returncode == 4
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_completion_offers_commands_without_loading_a_cloud(tmp_path: Path) -> None:
    env = {**os.environ, "_IMAGEFERRY_COMPLETE": "bash_complete", "COMP_WORDS": "imageferry image s", "COMP_CWORD": "2"}
    done = _run(env=env)
    assert sorted(line.split(",")[1] for line in done.stdout.split()) == ["set", "share", "show"]
    script = _run(env={**os.environ, "_IMAGEFERRY_COMPLETE": "bash_source"})
    assert "_imageferry_completion" in script.stdout


def test_check_says_what_is_good_and_what_is_bad_and_why(tmp_path: Path) -> None:
    good, jpeg, leaning = tmp_path / "good.qcow2", tmp_path / "photo.img", tmp_path / "leaning.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", good, "1G"], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", good, "-F", "qcow2", leaning], check=True)
    jpeg.write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(5000))
    done = _run("check", str(good), "-f", "json")
    assert done.returncode == 0
    (row,) = json.loads(done.stdout)
    assert (row["verdict"], row["format"], row["virtual_size"]) == ("good", "qcow2", 1 << 30)
    assert row["allocated_size"] < row["file_size"] + 8192
    done = _run("check", str(good), str(jpeg), str(leaning), "-f", "json")
    assert done.returncode == 3
    rows = json.loads(done.stdout)
    assert [row["verdict"] for row in rows] == ["good", "bad", "bad"]
    assert [row["reason"] for row in rows] == [None, "not-a-disk", "backing-file"]
    assert "JPEG" in rows[1]["problem"]
    assert "good.qcow2" in rows[2]["problem"]
    assert _run("check", str(tmp_path / "absent")).returncode == 4


def test_check_takes_a_raw_disk_of_anything_when_told_that_it_is_raw(tmp_path: Path) -> None:
    disk = tmp_path / "data.raw"
    disk.write_bytes(os.urandom(1 << 20))
    assert _run("check", str(disk)).returncode == 3
    done = _run("check", str(disk), "--disk-format", "raw", "-f", "value", "-c", "verdict", "-c", "format")
    assert done.stdout == "good\traw\n"


def test_a_file_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    bad = tmp_path / "a\x1b]0;owned\x07\n\u202eb.img"
    bad.write_bytes(b"plain text\n")
    for shape in ("table", "json", "yaml", "csv", "value"):
        done = _run("check", str(bad), "-f", shape)
        assert done.returncode == 3
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)
    missing = _run("check", str(bad) + "x")
    assert not {"\x1b", "\x07", "\u202e"} & set(missing.stderr)


def test_a_full_disk_under_stdout_is_an_error(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True)
    with Path("/dev/full").open("w") as full:
        done = _run("check", str(disk), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_who_has_gone_is_no_error(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True)
    reader, writer = os.pipe()
    os.close(reader)
    done = _run("check", str(disk), capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    """The command waits for a password on stdin."""
    process = subprocess.Popen(
        [sys.executable, "-m", "imageferry.cli.main", "admin", "--data", str(tmp_path), "user", "add", "x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _until_it_reads_stdin(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "imageferry: interrupted"


def _until_it_reads_stdin(pid: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if "pipe_read" in Path(f"/proc/{pid}/wchan").read_text() or _is_in_read(pid):
            return
        time.sleep(0.02)


def _is_in_read(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 ")
    except OSError:
        return False


def test_a_table_fits_the_terminal_that_it_is_drawn_on(tmp_path: Path) -> None:
    (tmp_path / "clouds.yaml").write_text(f"clouds: {{one: {{auth: {{auth_url: 'https://{'x' * 90}/v3'}}}}}}")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
    done = _run("cloud", "list", capture_output=False, stdout=slave, stderr=subprocess.PIPE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = os.read(master, 65536).decode()
    os.close(slave)
    os.close(master)
    assert "xx\u2026" in shown
    assert "xx\u2026" not in _run("cloud", "list", cwd=tmp_path).stdout
