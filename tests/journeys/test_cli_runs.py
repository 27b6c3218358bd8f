"""What a run of the command line shows while it works, and how it ends: progress, debug output, signals."""

from __future__ import annotations

import http.client
import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.journeys.person import Person
from tests.running import RunningService


def test_progress_is_json_lines_on_stderr_and_data_alone_on_stdout(person: Person, disk: Path) -> None:
    for style in (["--progress", "json"], []):  # not a terminal here
        done = person("push", disk, "-f", "json", *style)
        json.loads(done.stdout)
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        upload = [line for line in lines if line["stage"] == "upload"]
        assert upload[-1]["transferred"] == upload[-1]["size"] == upload[-1]["sent"] == disk.stat().st_size
        assert {"skipped", "already_there", "elapsed", "rate"} <= upload[-1].keys()
    assert person("push", disk, "-f", "json", "--progress", "none").stderr == ""


def test_on_a_terminal_progress_is_a_bar_and_stdout_is_still_data_alone(person: Person, disk: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))}
    command = [sys.executable, "-m", "imageferry.cli.main", "push", str(disk), "-f", "json"]
    master, slave = pty.openpty()
    env |= {**person.env, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=slave, text=True) as process:
        os.close(slave)
        drawn = b""
        with suppress(OSError):  # the terminal's end, once the program has gone
            while piece := os.read(master, 65536):
                drawn += piece
        out, _ = process.communicate(timeout=60)
    os.close(master)
    assert json.loads(out)["name"] == "disk"
    assert "upload" in drawn.decode()
    assert " sent" in drawn.decode()
    assert '{"stage"' not in drawn.decode()


def test_debug_says_what_is_asked_and_no_secret(person: Person, disk: Path) -> None:
    pushed = person("--debug", "push", disk, "--name", "d", "--progress", "none")
    listed = person("image", "list", "--debug")
    for stderr in (pushed.stderr, listed.stderr):
        assert "/v2/images" in stderr
        for name, secret in re.findall(r"(?i)(x-(?:auth|subject)-token)[\"']?: [\"']?([^\s\"',]*)", stderr):
            assert secret == "***", name
    assert pushed.stdout.startswith("field")


def test_a_wrong_password_ends_with_6_and_is_not_shown(person: Person) -> None:
    clouds = yaml.safe_load((person.folder / "clouds.yaml").read_text())
    clouds["clouds"]["here"]["auth"]["password"] = "wr0ng-one"
    (person.folder / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    for done in (person("image", "list", ends_with=6), person("--debug", "image", "list", "--debug", ends_with=6)):
        assert done.stdout == ""
        assert "wr0ng-one" not in done.stderr


def test_a_cloud_that_is_away_ends_with_7(person: Person) -> None:
    clouds = yaml.safe_load((person.folder / "clouds.yaml").read_text())
    clouds["clouds"]["here"]["auth"]["auth_url"] = "http://127.0.0.1:9/v3"
    (person.folder / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    assert person("image", "list", ends_with=7).stdout == ""


def test_a_wait_that_takes_too_long_ends_with_10_and_names_the_job(person: Person, disk: Path) -> None:
    done = person("push", disk, "--os-type", "centos", "--timeout", "0", "--cloud", "k5", ends_with=10)
    assert "imageferry task wait " in done.stderr
    task_id = done.stderr.split("imageferry task wait ")[1].split()[0]
    person("task", "wait", task_id, "--cloud", "k5")


def _cut_off_while_uploading(disk: Path, env: dict[str, str], sent: signal.Signals) -> tuple[int, str, str]:
    """Push the disk and send a signal in the middle: exit code, stdout and the rest of stderr."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "IMAGEFERRY_"))} | env
    command = [sys.executable, "-m", "imageferry.cli.main", "push", str(disk), "--progress", "json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True, cwd=disk.parent) as process:
        assert process.stderr is not None
        assert any('"upload"' in line for line in process.stderr)
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def _large(path: Path) -> Path:
    """A raw disk of 256 MiB without holes: its upload takes long enough to be cut off."""
    with path.open("wb") as file:
        file.write(b"\0" * 510 + b"\x55\xaa")
        for _ in range(256):
            file.write(os.urandom(1 << 20))
    return path


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_upload_that_is_cut_off_leaves_no_image(person: Person, sent: signal.Signals, code: int) -> None:
    ended, out, err = _cut_off_while_uploading(_large(person.folder / "large.raw"), person.env, sent)
    assert (ended, out) == (code, "")
    assert "Traceback" not in err
    assert person.json("image", "list") == []


def test_a_local_service_that_was_started_for_a_command_ends_with_it(tmp_path: Path) -> None:
    env = {"IMAGEFERRY_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)}
    ended, _, err = _cut_off_while_uploading(_large(tmp_path / "large.raw"), env, signal.SIGTERM)
    assert ended == 143, err
    address = urlsplit(RunningService(data=tmp_path / "data").cloud["auth"]["auth_url"])
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address.netloc, timeout=5).connect()


def test_the_shell_completes_names_of_clouds(person: Person) -> None:
    words = {
        "_IMAGEFERRY_COMPLETE": "bash_complete",
        "COMP_WORDS": "imageferry image list --cloud h",
        "COMP_CWORD": "4",
    }
    assert person(env=words).stdout == "plain,here\n"
