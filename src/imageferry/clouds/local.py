"""The service on this machine: found when it runs, started for the time of one command when not."""

from __future__ import annotations

import http.client
import json
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from imageferry.domain.errors import Unavailable
from imageferry.settings import default_folder

NAME = "imageferry"  # of its entry in clouds.yaml
START_S = 30.0
STOP_S = 30.0
_ASK_S = 2.0
_BEAT_S = 0.1


def data_folder(env: Mapping[str, str]) -> Path:
    """Where the local service keeps its data."""
    return Path(env.get("IMAGEFERRY_DATA") or default_folder(env))


def clouds_file(folder: Path) -> Path:
    """The clouds.yaml that the service writes at its first start."""
    return folder / "clouds.yaml"


@contextmanager
def running(folder: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """A service that answers, for the time of the block; yields its clouds.yaml.

    One that runs already is used and left alone.

    Raises:
        Unavailable: it does not start; says why.
    """
    if _answers(folder):
        yield clouds_file(folder)
        return
    if folder.exists() and not folder.is_dir():
        raise Unavailable("the local service", reason=f"its data folder {folder} is no folder")
    process = _started(folder, env)
    try:
        yield clouds_file(folder)
    finally:
        if process is not None:
            _stop(process)


def _answers(folder: Path) -> bool:
    """Whether the service that left its address in the folder answers there."""
    try:
        address = urlsplit(json.loads((folder / "server.json").read_text())["url"])
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_ASK_S)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        finally:
            connection.close()
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return False


def _started(folder: Path, env: Mapping[str, str]) -> subprocess.Popen[str] | None:
    """Start a service on a free port; None when another command was faster and its service answers.

    It gets a session of its own, so that Ctrl-C stops the command first and the service afterwards.
    """
    command = [sys.executable, "-m", "imageferry.cli.main", "serve", "--data", str(folder), "--listen", "127.0.0.1:0"]
    if setpriv := shutil.which("setpriv"):
        command = [setpriv, "--pdeathsig", "TERM", *command]  # where we are killed, it stops as well
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+") as log:
        return _ready(folder, command, env, log)


def _ready(folder: Path, command: list[str], env: Mapping[str, str], log: IO[str]) -> subprocess.Popen[str] | None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**env, "IMAGEFERRY_LOG_LEVEL": "ERROR"},
        start_new_session=True,
    )
    try:
        if _says_ready(process):
            return process
    except BaseException:
        _stop(process)
        raise
    _stop(process)
    for _ in range(int(_ASK_S / _BEAT_S)):
        if _answers(folder):
            return None
        time.sleep(_BEAT_S)
    log.seek(0)
    words = [line.removeprefix("imageferry: ") for line in log.read().splitlines() if line.startswith("imageferry: ")]
    reason = (words[0] if words else "it ended without a word").rstrip(".")
    raise Unavailable("the local service", reason=reason)


def _says_ready(process: subprocess.Popen[str]) -> bool:
    """Whether it says that it answers; False when it ended instead."""
    assert process.stdout is not None  # noqa: S101 -- a pipe
    end = time.monotonic() + START_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            if selector.select(_BEAT_S):
                return "answers at" in process.stdout.readline()
    raise Unavailable("the local service", reason=f"it does not answer after {START_S:g} s")


def _stop(process: subprocess.Popen[str]) -> None:
    """End what was started here, by its own id; it may take the time of a graceful stop."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
