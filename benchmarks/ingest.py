"""How fast bytes come in and go out, as ratios to the floor (benchmarks/floor.py) in the same run.

    python -m benchmarks.ingest [--size MIB] [--rounds N] [--folder DIR] [--peers DIR]

Goals: PUT at least 0.85 of the floor's speed, GET at least 0.7 of sendfile's, memory growth
under 100 MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml
from tests.running import RunningService

from benchmarks.wire import in_processes


class Side:
    """A server under test: where to send to, and how to make room again."""

    def __init__(self, name: str, address: str, base: str, token: str, pid: int | None) -> None:
        self.name = name
        self.address = address
        self.base = base
        self.token = token
        self.pid = pid
        self.seconds: dict[str, list[float]] = {}

    def put(self, source: Path, count: int) -> float:
        return in_processes([["put", self.address, f"{self.base}/{i}", self.token, str(source)] for i in range(count)])

    def get(self) -> float:
        return in_processes([["get", self.address, f"{self.base}/0", self.token]])

    def peak_mib(self) -> int:
        """The most that was ever resident, MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the data lies (a disk, not a tmpfs)")
    parser.add_argument("--peers", type=Path, help="folder of a running real Swift, see benchmarks/README.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(Path(folder), options)


def run(folder: Path, options: argparse.Namespace) -> None:
    source = folder / "source"
    with source.open("wb") as file:
        for _ in range(options.size):
            file.write(os.urandom(1 << 20))
    (folder / "floor").mkdir()
    floor = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.floor", str(folder / "floor")], stdout=subprocess.PIPE, text=True
    )
    service = RunningService(data=folder / "service").start()
    try:
        assert floor.stdout is not None
        sides = [Side("floor", floor.stdout.readline().strip(), "/plain", "none", floor.pid), _ours(service)]
        if options.peers:
            sides.append(_swift(options.peers))
        before = sides[1].peak_mib()
        for _ in range(options.rounds):
            for what, work in _transfers(source):
                for side in sides:
                    os.sync()
                    side.seconds.setdefault(what, []).append(work(side))
        _report(sides, options.size, sides[1].peak_mib() - before)
    finally:
        service.stop()
        floor.terminate()
        floor.wait()


def _transfers(source: Path) -> list[tuple[str, Callable[[Side], float]]]:
    return [
        ("one PUT", lambda side: side.put(source, 1)),
        ("GET", lambda side: side.get()),
        ("four PUTs", lambda side: side.put(source, 4)),
    ]


def _report(sides: list[Side], size: int, growth: int) -> None:
    floor, ours, *peers = sides
    print(
        f"{'':10} {'floor s':>9} {'ours s':>9} {'MB/s':>7} {'ours/floor':>11}"
        + "".join(f"{p.name + ' s':>9} {'ours/' + p.name:>11}" for p in peers)
    )
    for what, seconds in ours.seconds.items():
        mine, base = statistics.median(seconds), statistics.median(floor.seconds[what])
        moved = size * 1.048576 * (4 if what.startswith("four") else 1)
        line = f"{what:10} {base:9.2f} {mine:9.2f} {moved / mine:7.0f} {base / mine:11.2f}"
        for peer in peers:
            other = statistics.median(peer.seconds[what])
            line += f"{other:9.2f} {other / mine:11.2f}"
        print(line)
    print(f"peak memory growth of the service: {growth} MiB")


def _ours(service: RunningService) -> Side:
    token, url = _log_in(service.url + "/v3", service.cloud["auth"])
    _container(url)(token)
    assert service.process is not None
    return Side("ours", service.listen, url.removeprefix(service.url) + "/bench", token, service.process.pid)


def _swift(folder: Path) -> Side:
    """A real Swift that is running already, by the clouds.yaml in ``folder`` (cloud peer-demo)."""
    auth = yaml.safe_load((folder / "clouds.yaml").read_text())["clouds"]["peer-demo"]["auth"]
    auth = {"user_domain_name": "Default", "project_domain_name": "Default"} | auth
    token, url = _log_in(auth["auth_url"], auth)
    _container(url)(token)
    address, _, path = url.removeprefix("http://").partition("/")
    return Side("swift", address, f"/{path}/bench", token, None)


def _container(url: str) -> Callable[[str], None]:
    def make(token: str) -> None:
        request = urllib.request.Request(f"{url}/bench", method="PUT", headers={"X-Auth-Token": token})
        urllib.request.urlopen(request).close()

    return make


def _log_in(auth_url: str, auth: dict[str, str]) -> tuple[str, str]:
    """A token, and the object storage's URL."""
    user = {"name": auth["username"], "domain": {"name": auth["user_domain_name"]}, "password": auth["password"]}
    project = {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}}
    request = urllib.request.Request(
        f"{auth_url.removesuffix('/v3')}/v3/auth/tokens",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        catalog = json.load(answer)["token"]["catalog"]
        token = answer.headers["X-Subject-Token"]
    storage = next(entry for entry in catalog if entry["type"] == "object-store")
    return token, next(e["url"] for e in storage["endpoints"] if e["interface"] == "public").rstrip("/")


if __name__ == "__main__":
    main()
