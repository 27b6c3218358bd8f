"""How fast calls are answered, and at what cost, beside a real Keystone, Glance and Swift in the same run.

    python -m benchmarks.api [--peers DIR] [--images N] [--size MIB] [--rounds N] [--folder DIR] [ROW...]

Wall and the server's CPU seconds, medians of the rounds; ratios say how many times less ours takes. ROW: only rows
that begin so. Goals: lists 5, small objects 3, whole images and objects 2 (wall and CPU), imports 4.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import RunningService

from benchmarks import stocked
from benchmarks.sides import Side
from benchmarks.sources import freshened, random_file
from benchmarks.wire import in_processes

_SMALL = 4096  # bytes
_AT_ONCE = 8
_REST_S = 0.2  # after each transfer, so that what a server does afterwards is counted, too
_POLL_S = 0.25
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Row:
    """Something to measure: returns the wall seconds of one request, or of one transfer."""

    name: str
    goal: float  # how many times faster than the real service
    work: Callable[[Side], float]
    requests: int = 1  # what the CPU is shared by


@dataclass
class Taken:
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--peers", type=Path, help="folder of running real services, see benchmarks/README.md")
    parser.add_argument("--images", type=int, default=100_000, help="how many to list 1,000 of")
    parser.add_argument("--size", type=int, default=1024, help="MiB of a large image or object")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the data lies (a disk, not a tmpfs)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, ExitStack() as stack:
        run(Path(folder), stack, options)


def run(folder: Path, stack: ExitStack, options: argparse.Namespace) -> None:
    source = random_file(folder / "source", options.size)
    small = random_file(folder / "small", 1)
    web = _web_server(folder, stack)
    may_fetch = {"IMAGEFERRY_FETCH_NETWORKS": "127.0.0.1", "IMAGEFERRY_FETCH_PORTS": ""}  # from that web server
    service = RunningService(data=folder / "service", env=may_fetch).start()
    stack.callback(service.stop)
    sides = [stocked.ours(service, small, options.images)]
    if options.peers:
        sides.append(stack.enter_context(stocked.peers(options.peers, small, options.images)))
    rows = [row for row in _rows(sides, source, web) if row.name.startswith(tuple(options.rows) or "")]
    taken = {(row.name, side.name): Taken() for row in rows for side in sides}
    for _ in range(options.rounds):
        for row in rows:
            for side in sides:
                _measure(row, side, taken[row.name, side.name])
    _report(rows, sides, taken)


def _measure(row: Row, side: Side, taken: Taken) -> None:
    before = side.cpu_s()
    taken.wall.append(row.work(side))
    time.sleep(_REST_S)
    taken.cpu.append((side.cpu_s() - before) / row.requests)


def _rows(sides: Sequence[Side], source: Path, web: str) -> list[Row]:
    shown = {
        side.name: json.loads(side.ask("GET", "/images?limit=1", images=True))["images"][0]["id"] for side in sides
    }
    return [
        Row("list 1,000 images", 5, lambda side: _images(side, "?limit=1000", 3), 3),
        Row("show an image", 3, lambda side: _images(side, f"/{shown[side.name]}", 50), 50),
        Row("PUT 4 KiB", 3, lambda side: _small(side, "PUT", 1), 100),
        Row("GET 4 KiB", 3, lambda side: _small(side, "GET", 1), 100),
        Row(f"PUT 4 KiB, {_AT_ONCE} clients", 3, lambda side: _small(side, "PUT", _AT_ONCE), 100 * _AT_ONCE),
        Row(f"GET 4 KiB, {_AT_ONCE} clients", 3, lambda side: _small(side, "GET", _AT_ONCE), 100 * _AT_ONCE),
        Row("large object PUT", 2, lambda side: _put_object(side, freshened(source))),
        Row("large image PUT", 2, lambda side: _put_image(side, freshened(source))),
        Row("glance-direct import", 4, lambda side: _import(side, freshened(source))),
        Row("web-download import", 4, lambda side: _download(side, freshened(source), web)),
    ]


def _images(side: Side, what: str, count: int) -> float:
    job = ["many", side.image_address, f"{side.image_path}/v2/images{what}", side.token, "GET", count, 0, 0.0]
    return in_processes([job]) / count


def _small(side: Side, method: str, clients: int) -> float:
    """Seconds a request, as seen by one client."""
    size = _SMALL if method == "PUT" else 0
    begin = time.monotonic() + 0.1 * clients + 0.2  # when all of them have come up
    paths = [f"{side.account}/bench/{client}-#" for client in range(clients)]
    return in_processes([["many", side.address, p, side.token, method, 100, size, begin] for p in paths]) / 100


def _put_object(side: Side, source: Path) -> float:
    seconds = in_processes([["put", side.address, f"{side.account}/bench/large", side.token, str(source)]])
    side.ask("DELETE", "/bench/large")
    return seconds


def _put_image(side: Side, source: Path) -> float:
    key = _new_image(side)
    seconds = _send(side, key, "file", source)
    side.ask("DELETE", f"/images/{key}", images=True)
    return seconds


def _import(side: Side, source: Path) -> float:
    key = _new_image(side)
    seconds = _send(side, key, "stage", source) + _imported(side, key, {"name": "glance-direct"})
    side.ask("DELETE", f"/images/{key}", images=True)
    return seconds


def _download(side: Side, source: Path, web: str) -> float:
    key = _new_image(side)
    seconds = _imported(side, key, {"name": "web-download", "uri": f"{web}/{source.name}"})
    side.ask("DELETE", f"/images/{key}", images=True)
    return seconds


def _new_image(side: Side) -> str:
    asked = {"name": "large", "disk_format": "raw", "container_format": "bare"}
    return str(json.loads(side.ask("POST", "/images", asked, images=True))["id"])


def _send(side: Side, key: str, where: str, source: Path) -> float:
    path = f"{side.image_path}/v2/images/{key}/{where}"
    return in_processes([["put", side.image_address, path, side.token, str(source)]])


def _imported(side: Side, key: str, method: dict[str, str]) -> float:
    """From the request until the image can be used."""
    started = time.monotonic()
    side.ask("POST", f"/images/{key}/import", {"method": method}, images=True)
    while (image := json.loads(side.ask("GET", f"/images/{key}", images=True)))["status"] != "active":
        if image.get("os_glance_failed_import") or time.monotonic() - started > _PATIENCE_S:
            raise SystemExit(f"{side.name}: the import by {method['name']} came to nothing: {image}")
        time.sleep(_POLL_S)
    return time.monotonic() - started


def _web_server(folder: Path, stack: ExitStack) -> str:
    """Serves the files in ``folder`` with sendfile; the URL they are below."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.floor", str(folder)], stdout=subprocess.PIPE, text=True
    )
    stack.callback(server.wait)
    stack.callback(server.terminate)
    assert server.stdout is not None
    return f"http://{server.stdout.readline().strip()}"


def _report(rows: Sequence[Row], sides: Sequence[Side], taken: dict[tuple[str, str], Taken]) -> None:
    """Milliseconds, as a table of Markdown."""
    peer = len(sides) > 1
    print("| what | ours ms | ours CPU ms |" + (" real ms | real CPU ms | wall | CPU | goal |" if peer else ""))
    print("| --- " * (8 if peer else 3) + "|")
    for row in rows:
        found = [taken[row.name, side.name] for side in sides]
        figures = [statistics.median(values) * 1000 for one in found for values in (one.wall, one.cpu)]
        line = [row.name, *(f"{figure:,.1f}" for figure in figures)]
        if peer:
            wall, cpu, real_wall, real_cpu = figures
            line += [f"{real_wall / wall:.1f}", f"{real_cpu / cpu:.1f}" if cpu else "-", f"{row.goal:g}"]
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()
