"""A PostgreSQL server for the tests: started once a session, thrown away at the end.

Needs Debian's package ``postgresql`` for its programs only; no service of the system is used.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

_START_S = 30
_AS_NOBODY_CARES = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server on a loopback port."""

    port: int
    password: str

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def make_database(self, *, template: str = "template1") -> str:
        """A fresh database, as a copy of ``template``; returns its name."""
        name = f"t{secrets.token_hex(6)}"
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(command.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop_database(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, command: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(command)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a server in a folder of its own; stop it and remove the folder afterwards."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="ferry-pg-"))
    try:
        owner = _owner_of(folder)
        password = secrets.token_urlsafe(16)
        _make_files(programs, folder, owner, password)
        port = _free_port()
        command: list[str | Path] = [
            programs / "postgres",
            "-D",
            folder / "data",
            "-p",
            str(port),
            "-k",
            folder,
            "-h",
            "127.0.0.1",
        ]
        for setting in _AS_NOBODY_CARES:
            command += ["-c", setting]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, **owner) as server:
            cluster = Cluster(port, password)
            try:
                _wait_for(cluster, server, folder / "log")
                yield cluster
            finally:
                server.send_signal(signal.SIGINT)  # "fast": cuts sessions off
                server.wait(_START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


def _owner_of(folder: Path) -> Mapping[str, Any]:
    """Whom to run the server as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    try:
        shutil.chown(folder, "postgres", "postgres")
    except LookupError:
        pytest.skip("root cannot run PostgreSQL, and there is no user postgres: apt-get install postgresql")
    return {"user": "postgres", "group": "postgres", "extra_groups": (), "cwd": folder}


def _make_files(programs: Path, folder: Path, owner: Mapping[str, Any], password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)  # inside a folder that only its owner can enter
    command: list[str | Path] = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "--pwfile", secret]
    command += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    made = subprocess.run(command, check=False, capture_output=True, text=True, **owner)
    assert made.returncode == 0, made.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(cluster: Cluster, server: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(cluster.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
