"""How fast bytes come in and go out, as ratios to the floor (benchmarks/floor.py) in the same run.

    python -m benchmarks.ingest [--size MIB] [--rounds N] [--folder DIR] [--peers DIR]

Goals: PUT at least 0.85 of the floor's speed, GET at least 0.7 of sendfile's, memory growth
under 100 MiB.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.running import RunningService

from benchmarks import sides
from benchmarks.sides import Side
from benchmarks.sources import freshened, random_file
from benchmarks.wire import Job, in_processes

_AT_ONCE = 4


class Target:
    """A server under test: where to send to, and what it took."""

    def __init__(self, name: str, address: str, base: str, token: str, pid: int) -> None:
        self.name = name
        self.address = address
        self.base = base
        self.token = token
        self.pid = pid
        self.seconds: dict[str, list[float]] = {}

    @classmethod
    def of(cls, side: Side) -> Target:
        side.ask("PUT", "/bench")
        return cls(side.name, side.address, f"{side.account}/bench", side.token, side.roots[0])

    def put(self, sources: list[Path]) -> float:
        fresh = [freshened(source) for source in sources]
        jobs: list[Job] = [
            ["put", self.address, f"{self.base}/{i}", self.token, str(source)] for i, source in enumerate(fresh)
        ]
        return in_processes(jobs)

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
    sources = [random_file(folder / f"source{number}", options.size) for number in range(_AT_ONCE)]
    (folder / "floor").mkdir()
    floor = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.floor", str(folder / "floor")], stdout=subprocess.PIPE, text=True
    )
    service = RunningService(data=folder / "service").start()
    try:
        assert floor.stdout is not None
        targets = [
            Target("floor", floor.stdout.readline().strip(), "/plain", "none", floor.pid),
            Target.of(sides.ours(service)),
        ]
        if options.peers:
            targets.append(Target.of(sides.peers(options.peers)))
        before = targets[1].peak_mib()
        for _ in range(options.rounds):
            for what, work in _transfers(sources):
                for target in targets:
                    target.seconds.setdefault(what, []).append(work(target))
        _report(targets, options.size, targets[1].peak_mib() - before)
    finally:
        service.stop()
        floor.terminate()
        floor.wait()


def _transfers(sources: list[Path]) -> list[tuple[str, Callable[[Target], float]]]:
    return [
        ("one PUT", lambda target: target.put(sources[:1])),
        ("GET", lambda target: target.get()),
        ("four PUTs", lambda target: target.put(sources)),
    ]


def _report(targets: list[Target], size: int, growth: int) -> None:
    floor, ours, *peers = targets
    print(
        f"{'':10} {'floor s':>9} {'ours s':>9} {'MB/s':>7} {'ours/floor':>11}"
        + "".join(f"{p.name + ' s':>9} {'ours/' + p.name:>11}" for p in peers)
    )
    for what, seconds in ours.seconds.items():
        mine, base = statistics.median(seconds), statistics.median(floor.seconds[what])
        moved = size * 1.048576 * (_AT_ONCE if what.startswith("four") else 1)
        line = f"{what:10} {base:9.2f} {mine:9.2f} {moved / mine:7.0f} {base / mine:11.2f}"
        for peer in peers:
            other = statistics.median(peer.seconds[what])
            line += f"{other:9.2f} {other / mine:11.2f}"
        print(line)
    print(f"peak memory growth of the service: {growth} MiB")


if __name__ == "__main__":
    main()
