"""What it takes until a disk that was sent can be booted from, beside a bare ``qemu-img convert`` in the same run.

    python -m benchmarks.imports [--disk MIB] [--data MIB] [--rounds N] [--folder DIR] [--quick] [--peers DIR]

A disk of 8 GiB with 1 GiB of random data, as qcow2 and as streamOptimized VMDK, was staged, or lies in the object
storage; an image is made of it, as it came, and as a raw disk. Wall, CPU of the server and its programs, bytes read
from files and written to the disk. Beside it: qemu-img alone; and what a raw image with its digests cannot do
without (the same, synced, then MD5 and SHA-512 at once). Ratios are to qemu-img alone; goal: 1.2. With --peers the
imports of ``benchmarks.api`` follow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.running import RunningService

from benchmarks import api, sides
from benchmarks.sides import Side
from benchmarks.wire import in_processes

_MIB = 1 << 20
_EXTENT = 4  # MiB, in one piece
_POLL_S = 0.05
_PATIENCE_S = 600.0
_PACKINGS = {"qcow2": ("qcow2",), "vmdk": ("vmdk", "-o", "subformat=streamOptimized")}
_IMPORTS = ("glance-direct", "web-download")  # rows of benchmarks.api


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one piece of work took."""

    wall_s: float
    cpu_s: float
    read: int = 0  # bytes, by read(2) and its like
    written: int = 0  # bytes that are due to the disk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--disk", type=int, default=8192, help="MiB that a guest sees")
    parser.add_argument("--data", type=int, default=1024, help="MiB in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the data lies (a disk, not a tmpfs)")
    parser.add_argument("--quick", action="store_true", help="an eighth of the bytes, one round: does it work?")
    parser.add_argument("--peers", type=Path, help="folder of running real services, see benchmarks/README.md")
    options = parser.parse_args()
    if options.quick:
        options.disk, options.data, options.rounds = options.disk // 8, options.data // 8, 1
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _disks(Path(folder), options)
    if options.peers:
        print()
        _beside_real(options)


def _disks(folder: Path, options: argparse.Namespace) -> None:
    raw = _disk(folder / "raw", options.disk, options.data)
    packed = {name: folder / name for name in _PACKINGS}
    for name, words in _PACKINGS.items():
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", *words, raw, packed[name]], check=True)
    raw.unlink()
    taken: dict[tuple[str, str], list[Cost]] = {}
    for number in range(options.rounds):
        for name, path in packed.items():
            out = folder / "out"
            for what, work in _rows(name, path, out, folder / f"service-{name}-{number}").items():
                os.sync()
                taken.setdefault((name, what), []).append(work())
    _report(taken)


def _rows(name: str, path: Path, out: Path, folder: Path) -> dict[str, Callable[[], Cost]]:
    """By what they do; each service is a fresh one, which has none of the bytes."""
    return {
        "qemu-img convert": lambda: _converted(name, path, out, whole=False),
        "the same, synced, with digests": lambda: _converted(name, path, out, whole=True),
        "image of what was staged": lambda: _measured(folder.with_suffix(".staged"), lambda s: _staged(s, name, path)),
        "image of an object, as it came": lambda: _measured(
            folder.with_suffix(".kept"), lambda side: _sent(side, name, path, {})
        ),
        "image of an object, made raw": lambda: _measured(
            folder.with_suffix(".raw"), lambda side: _sent(side, name, path, {"convert_to": "raw"})
        ),
    }


def _disk(path: Path, size: int, data: int) -> Path:
    """Random data in pieces all over a disk."""
    with path.open("wb") as file:
        file.truncate(size * _MIB)
        count = data // _EXTENT
        for number in range(count):
            file.seek(number * (size * _MIB // count) + number % 7 * 65536)
            file.write(os.urandom(_EXTENT * _MIB))
    return path


def _converted(name: str, path: Path, out: Path, *, whole: bool) -> Cost:
    before, started = os.times(), time.monotonic()
    subprocess.run(["qemu-img", "convert", "-f", name, "-O", "raw", path, out], check=True)
    if whole:
        subprocess.run(["sync", out], check=True)
        digests = [subprocess.Popen([f"{one}sum", out], stdout=subprocess.DEVNULL) for one in ("md5", "sha512")]
        for digest in digests:
            digest.wait()
    wall, after = time.monotonic() - started, os.times()
    out.unlink()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall_s=wall, cpu_s=used)


def _measured(folder: Path, prepare: Callable[[Side], Callable[[], None]]) -> Cost:
    """What ``prepare`` gives is measured, at a fresh service."""
    service = RunningService(data=folder).start()
    try:
        side = sides.ours(service)
        work = prepare(side)
        os.sync()
        before = side.cpu_s(), *_bytes(side)
        started = time.monotonic()
        work()
        wall = time.monotonic() - started
        after = side.cpu_s(), *_bytes(side)
        cpu, read, written = (now - then for now, then in zip(after, before, strict=True))
        return Cost(wall_s=wall, cpu_s=cpu, read=int(read), written=int(written))
    finally:
        service.stop()


def _staged(side: Side, name: str, path: Path) -> Callable[[], None]:
    asked = {"name": name, "disk_format": name, "container_format": "bare"}
    key = json.loads(side.ask("POST", "/images", asked, images=True))["id"]
    in_processes([["put", side.image_address, f"{side.image_path}/v2/images/{key}/stage", side.token, str(path)]])

    def work() -> None:
        side.ask("POST", f"/images/{key}/import", {"method": {"name": "glance-direct"}}, images=True)
        _wait(side, f"/images/{key}", "active", "queued")

    return work


def _sent(side: Side, name: str, path: Path, asked: dict[str, str]) -> Callable[[], None]:
    side.ask("PUT", "/bench")
    in_processes([["put", side.address, f"{side.account}/bench/{name}", side.token, str(path)]])
    source = {"import_from": f"bench/{name}", "import_from_format": name, "image_properties": {"name": name}}

    def work() -> None:
        task = json.loads(side.ask("POST", "/tasks", {"type": "import", "input": source | asked}, images=True))
        _wait(side, f"/tasks/{task['id']}", "success", "failure")

    return work


def _wait(side: Side, what: str, good: str, bad: str) -> None:
    started = time.monotonic()
    while (found := json.loads(side.ask("GET", what, images=True)))["status"] != good:
        if found["status"] == bad or time.monotonic() - started > _PATIENCE_S:
            raise SystemExit(f"the import came to nothing: {found}")
        time.sleep(_POLL_S)


def _bytes(side: Side) -> tuple[int, int]:
    """Read and written so far by the server and the programs that it has waited for."""
    lines = Path(f"/proc/{side.roots[0]}/io").read_text().splitlines()
    fields = {name: int(value) for name, _, value in (line.partition(": ") for line in lines)}
    return fields["rchar"], fields["write_bytes"]


def _report(taken: dict[tuple[str, str], list[Cost]]) -> None:
    """Medians, as a table of Markdown."""
    print("| disk | what | wall s | to qemu-img | CPU s | read MiB | written MiB |")
    print("| --- " * 7 + "|")
    for (name, what), costs in taken.items():
        wall, bare = (
            statistics.median(one.wall_s for one in some) for some in (costs, taken[name, "qemu-img convert"])
        )
        cpu, read, written = (
            statistics.median(getattr(one, field) for one in costs) for field in ("cpu_s", "read", "written")
        )
        moved = f"{read / _MIB:,.0f} | {written / _MIB:,.0f}" if read else "- | -"
        print(f"| {name} | {what} | {wall:.2f} | {wall / bare:.2f} | {cpu:.2f} | {moved} |", flush=True)


def _beside_real(options: argparse.Namespace) -> None:
    """The rows of ``benchmarks.api`` that are imports."""
    asked = argparse.Namespace(
        rows=_IMPORTS, peers=options.peers, images=1, size=options.data, rounds=options.rounds, folder=options.folder
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, ExitStack() as stack:
        api.run(Path(folder), stack, asked)


if __name__ == "__main__":
    main()
