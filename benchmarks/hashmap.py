"""What going up by the names of blocks costs, beside a plain PUT of a file like it in the same run.

    python -m benchmarks.hashmap [--disk MIB] [--data MIB] [--rounds N] [--folder DIR] [--quick]

A sparse disk of 2 GiB with 200 MiB of random data goes into a service with our own client: for the first time,
once more, and after 1 % of the data has changed. Beside it such a disk by a plain PUT, zeros and all. Every disk
has new bytes, because equal ones are kept once. Then the same through a door that counts what the service
receives, and which nobody's time passes; and an upload that is killed at its half, and begun again.

Blocks have 4 MiB: pieces of data that begin and end within one cost the whole of it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import yaml
from tests.counting_door import CountingDoor
from tests.running import RunningService

from benchmarks.wire import in_processes
from imageferry import sparse
from imageferry.clouds.config import open_configured
from imageferry.ports.cloud import Cloud

_MIB = 1 << 20
_EXTENT = 40  # MiB in one piece
_QUICK = 16
_PLAIN = "plain PUT"
_KILLED = "the rest after a kill"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--disk", type=int, default=2048, help="MiB of the file")
    parser.add_argument("--data", type=int, default=200, help="MiB in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the data lies (a disk, not a tmpfs)")
    parser.add_argument("--quick", action="store_true", help=f"a {_QUICK}th of the bytes, one round: does it work?")
    options = parser.parse_args()
    if options.quick:
        options.disk, options.data, options.rounds = options.disk // _QUICK, options.data // _QUICK, 1
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(Path(folder), options)


def run(folder: Path, options: argparse.Namespace) -> None:
    seconds: dict[str, list[float]] = {}
    received: dict[str, list[float]] = {}
    disk = folder / "disk"
    service = RunningService(data=folder / "service").start()
    address = service.url.removeprefix("http://")
    door = CountingDoor(address)

    def counted(what: str, work: Callable[[], object]) -> None:
        door.since()
        work()
        received.setdefault(what, []).append(door.since())

    def timed(what: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        seconds.setdefault(what, []).append(time.perf_counter() - began)

    try:
        project, token = service.add_user("bench", "bench"), service.admin("token", "bench")
        clouds = {
            name: {"type": "synnefo", "url": f"{url}/identity", "token": token}
            for name, url in (("straight", service.url), ("counted", door.url))
        }
        file = folder / "clouds.yaml"
        file.write_text(yaml.safe_dump({"clouds": clouds}))
        for number in range(options.rounds):
            for name, note in (("straight", timed), ("counted", counted)):
                fill(disk, options)
                with closing(open_configured(name, file=file)) as cloud:
                    by_blocks(cloud, disk, f"{name}{number}", note)
                fill(disk, options)
                place = f"/v1/AUTH_{project}/bench/plain-{name}{number}"
                at = address if name == "straight" else door.url.removeprefix("http://")
                note(_PLAIN, lambda at=at, place=place: in_processes([["put", at, place, token, str(disk)]]))  # type: ignore[misc]
            fill(disk, options)
            counted(_KILLED, begun_and_killed(file, door, disk, f"killed{number}"))
    finally:
        door.close()
        service.stop()
    report(seconds, received, options)


def by_blocks(cloud: Cloud, disk: Path, name: str, note: Callable[[str, Callable[[], object]], None]) -> None:
    def put() -> object:
        return cloud.objects.put(disk, "bench", name, watch=lambda _: None)

    cloud.objects.make_container("bench")
    note("first upload", put)
    note("the same again", put)
    change_one_percent(disk)
    note("1 % changed", put)


def begun_and_killed(file: Path, door: CountingDoor, disk: Path, name: str) -> Callable[[], object]:
    """Kills an upload when half of the data has come in; returns the second one, still to be done."""
    command = [sys.executable, "-m", "imageferry.cli.main", "object", "put", str(disk), "bench", name]
    env = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(file), "OS_CLOUD": "counted"}
    half = disk.stat().st_blocks * 512 // 2
    door.since()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while door.received < half and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()
    return lambda: subprocess.run(command, env=env, check=True, capture_output=True)


def fill(path: Path, options: argparse.Namespace) -> None:
    """New noise in pieces of 40 MiB, spread evenly over the disk; none begins where a block does."""
    count = max(1, options.data // _EXTENT)
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(options.disk * _MIB)
        for piece in range(count):
            file.seek((options.disk // count * piece + 1) * _MIB)
            for _ in range(options.data // count):
                file.write(os.urandom(_MIB))


def change_one_percent(path: Path) -> None:
    """Write over a hundredth of the data, at most 1 MiB in one place."""
    with path.open("r+b") as file:
        extents = list(sparse.extents(file.fileno()))
        left = sum(extent.length for extent in extents) // 100
        while left > 0:
            extent = random.choice(extents)
            length = min(left, _MIB, extent.length)
            file.seek(extent.offset + random.randrange(extent.length - length + 1))
            file.write(os.urandom(length))
            left -= length


def report(seconds: dict[str, list[float]], received: dict[str, list[float]], options: argparse.Namespace) -> None:
    plain = statistics.median(seconds[_PLAIN])
    print(f"a file of {options.disk} MiB with {options.data} MiB of data; {options.rounds} rounds")
    print(f"{'':24} {'s':>8} {'of plain PUT':>13} {'MiB received':>13}")
    for what, found in received.items():
        took = statistics.median(seconds[what]) if what in seconds else None
        times = f"{'':8} {'':13}" if took is None else f"{took:8.2f} {took / plain:13.3f}"
        print(f"{what:24} {times} {statistics.median(found) / _MIB:13.1f}")


if __name__ == "__main__":
    main()
