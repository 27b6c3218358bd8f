"""qemu-img, in a cage: what is in a disk, and the same disk in another format.

qemu-img follows what a file tells it: names of other files, network addresses, formats that it
guesses. So it is told everything, and never sees a name that somebody chose:

- ``judge`` looks at the file first and refuses what leans on any other file;
- the file is opened here once, and qemu-img gets the same open file (``/proc/self/fd/N``), so
  what was judged is what is read, and no name can be taken for a protocol or an option; bytes
  that lie elsewhere come to it over a socket (``tools.nbd``);
- the format is given for both sides, and a backing file is ruled out in words.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from imageferry.domain.disk import DiskFacts
from imageferry.domain.errors import BadInput
from imageferry.domain.image import DiskFormat
from imageferry.formats.judge import Limits, judge
from imageferry.formats.source import ByteSource, FileBytes
from imageferry.ports.disk_tools import DiskHealth, ProgressCall, Sink, StoredDisk, ToolLimits
from imageferry.tools.cage import find_program, run_caged
from imageferry.tools.cage_walls import hand_over, may_open, take_back
from imageferry.tools.nbd import exported
from imageferry.tools.qemu_img_words import facts_told, failure, file_trouble, health_told, printable

_DRIVERS: Mapping[DiskFormat, str] = {
    DiskFormat.RAW: "raw",
    DiskFormat.ISO: "raw",
    DiskFormat.AMI: "raw",
    DiskFormat.QCOW2: "qcow2",
    DiskFormat.VMDK: "vmdk",
    DiskFormat.VHD: "vpc",
    DiskFormat.VHDX: "vhdx",
    DiskFormat.VDI: "vdi",
}
_WITH_BACKING = frozenset({"qcow2", "vmdk"})  # drivers that know backing files, of those above

_TARGETS: Mapping[tuple[DiskFormat, str], tuple[str, ...]] = {
    (DiskFormat.RAW, ""): ("-m", "8", "-W"),
    (DiskFormat.QCOW2, ""): ("-m", "8", "-W"),
    (DiskFormat.VMDK, ""): ("-o", "subformat=streamOptimized"),
    (DiskFormat.VMDK, "streamOptimized"): ("-o", "subformat=streamOptimized"),
    (DiskFormat.VMDK, "monolithicSparse"): ("-o", "subformat=monolithicSparse"),
    (DiskFormat.VHD, ""): ("-o", "subformat=dynamic,force_size=on"),
    (DiskFormat.VHD, "dynamic"): ("-o", "subformat=dynamic,force_size=on"),
    (DiskFormat.VHD, "fixed"): ("-o", "subformat=fixed,force_size=on"),
    (DiskFormat.VHDX, ""): ("-o", "subformat=dynamic"),
    (DiskFormat.VDI, ""): (),
}
"""Eight requests at once, written in any order, where the target allows it: five times faster."""

_CHECK_LIMITS = ToolLimits(memory_bytes=2 << 30, cpu_s=3600, wall_s=3600.0)
_CHECKED = (0, 2, 3)  # sound, corrupt, with leaks: qemu-img(1), "check"
_NOTHING_TO_CHECK = 63
_CONVERT_LIMITS = ToolLimits(memory_bytes=2 << 30, cpu_s=24 * 3600, wall_s=24 * 3600.0)
_NO_LIMIT = 1 << 62  # bytes of a file
_PROGRESS = re.compile(rb"\((\d+\.\d+)/100%\)")


class QemuImg:
    """``ports.disk_tools.DiskTools`` by Debian's qemu-img.

    Measured with version 7.2: ``info`` lives in 64 MiB of address space, ``convert`` with eight
    requests in 1 GiB (it uses 40 MiB of it).
    """

    def __init__(
        self,
        *,
        info_limits: ToolLimits | None = None,
        check_limits: ToolLimits = _CHECK_LIMITS,
        convert_limits: ToolLimits = _CONVERT_LIMITS,
        disk_limits: Limits | None = None,
        scratch: Path | None = None,
        program: str = "qemu-img",
    ) -> None:
        self._info_limits = info_limits or ToolLimits()
        self._check_limits = check_limits
        self._convert_limits = convert_limits
        self._disk_limits = disk_limits
        self._scratch = scratch  # where the empty folders are made; None: the system's place
        self._program = program

    def info(self, disk: Path | StoredDisk, disk_format: DiskFormat, *, name: str = "") -> DiskFacts:
        name = _name_of(disk, name)
        with _readable(disk) as there, self._folder() as folder:
            judged = judge(there.bytes, disk_format, what=name, limits=self._disk_limits)
            program = [self._qemu_img(), "info", "--output", "json", block_device(there.node, disk_format)]
            ended = run_caged(program, limits=self._info_limits, folder=folder, fds=(there.fd,))
        if ended.code:
            raise failure(ended, name, disk_format, self._info_limits)
        return facts_told(ended.stdout, judged, name)

    def check(self, path: Path, disk_format: DiskFormat) -> DiskHealth:
        name = printable(path.name)
        with _readable(path) as there, self._folder() as folder:
            judge(there.bytes, disk_format, what=name, limits=self._disk_limits)
            program = [self._qemu_img(), "check", "--output", "json", block_device(there.node, disk_format)]
            ended = run_caged(program, limits=self._check_limits, folder=folder, fds=(there.fd,))
        if ended.code == _NOTHING_TO_CHECK:
            return DiskHealth(looked_through=False)
        if ended.code not in _CHECKED:
            raise failure(ended, name, disk_format, self._check_limits)
        return health_told(ended.stdout)

    def convert(
        self,
        source: Path | StoredDisk,
        source_format: DiskFormat,
        target: Path,
        target_format: DiskFormat,
        *,
        name: str = "",
        sub_format: str = "",
        max_bytes: int | None = None,
        progress: ProgressCall | None = None,
    ) -> None:
        options = _TARGETS.get((target_format, sub_format))
        if options is None:
            kinds = ", ".join(f"{known.value} {kind}".strip() for known, kind in _TARGETS)
            raise BadInput("target format", f"{target_format.value} {sub_format}".strip(), f"one of {kinds}")
        name = _name_of(source, name)
        limits = replace(self._convert_limits, file_bytes=_NO_LIMIT if max_bytes is None else max_bytes)
        with (
            _readable(source) as there,
            _made(there.fd, target) as target_fd,
            self._folder() as folder,
        ):
            judged = judge(there.bytes, source_format, what=name, limits=self._disk_limits)
            hand_over(target_fd)
            # The name matters to one format: a VMDK keeps the file's name inside.
            inside = f"disk.{target_format.value}"
            (folder / inside).symlink_to(f"/proc/self/fd/{target_fd}")
            ended = run_caged(
                [
                    *(self._qemu_img(), "convert", "-p", "-O", _DRIVERS[target_format], *options),
                    *(block_device(there.node, source_format), inside),
                ],
                limits=limits,
                folder=folder,
                fds=(there.fd, target_fd),
                watch=_Watch(judged.virtual_size, progress),
            )
            if ended.code:
                room = os.fstatvfs(target_fd)
                raise failure(ended, name, source_format, limits, room=room.f_bavail * room.f_frsize)
            take_back(target_fd)
        if progress:
            progress(judged.virtual_size, judged.virtual_size)

    def to_raw(
        self,
        source: StoredDisk,
        source_format: DiskFormat,
        sink: Sink,
        *,
        name: str,
        progress: ProgressCall | None = None,
    ) -> int:
        name = printable(name)
        with _readable(source) as there, self._folder() as folder:
            judged = judge(there.bytes, source_format, what=name, limits=self._disk_limits)
            with exported(judged.virtual_size, sink=sink) as target:
                node = {"driver": "raw", "file": _over_socket(target.fd)}
                # Eight requests at once, but written in order: who takes them makes blocks of them.
                words = ("-n", "--target-is-zero", "-m", "8", "-O", "raw")
                ended = run_caged(
                    [
                        *(self._qemu_img(), "convert", "-p", *words),
                        *(block_device(there.node, source_format), f"json:{json.dumps(node)}"),
                    ],
                    limits=self._convert_limits,
                    folder=folder,
                    fds=(there.fd, target.fd),
                    watch=_Watch(judged.virtual_size, progress),
                )
        if ended.code:
            raise failure(ended, name, source_format, self._convert_limits)
        if progress:
            progress(judged.virtual_size, judged.virtual_size)
        return judged.virtual_size

    def _qemu_img(self) -> str:
        return find_program(self._program, "qemu-utils")

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="imageferry-", dir=self._scratch) as folder:
            yield Path(folder)


def block_device(protocol: Mapping[str, object], disk_format: DiskFormat) -> str:
    """All that qemu-img may open, in its own words (QAPI, BlockdevOptions), and nothing behind it.

    Args:
        protocol: where its bytes are: ``file_node`` of an open file that it inherits, or a socket.
    """
    if disk_format not in _DRIVERS:
        raise BadInput("source format", disk_format.value, f"one of {', '.join(known.value for known in _DRIVERS)}")
    driver = _DRIVERS[disk_format]
    node: dict[str, object] = {"driver": driver, "read-only": True, "file": {**protocol, "read-only": True}}
    if driver in _WITH_BACKING:
        node["backing"] = None
    return f"json:{json.dumps(node)}"


def file_node(fd: int) -> Mapping[str, object]:
    return {"driver": "file", "filename": f"/proc/self/fd/{fd}"}


def _over_socket(fd: int) -> Mapping[str, object]:
    return {"driver": "nbd", "server": {"type": "fd", "str": str(fd)}}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Readable:
    """A disk that a program can be given: what it inherits, and what it is told."""

    fd: int
    bytes: ByteSource
    node: Mapping[str, object]


@contextmanager
def _readable(disk: Path | StoredDisk) -> Iterator[_Readable]:
    if isinstance(disk, Path):
        with _opened(disk, os.O_RDONLY) as fd:
            if may_open(fd):
                yield _Readable(fd=fd, bytes=FileBytes(fd), node=file_node(fd))
                return
            with exported(FileBytes(fd).size, source=FileBytes(fd)) as export:
                yield _Readable(fd=export.fd, bytes=FileBytes(fd), node=_over_socket(export.fd))
    else:
        with exported(disk.size, source=disk) as export:
            yield _Readable(fd=export.fd, bytes=disk, node=_over_socket(export.fd))


def _name_of(disk: Path | StoredDisk, name: str) -> str:
    return printable(name or (disk.name if isinstance(disk, Path) else "the disk"))


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    try:
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)  # a pipe must not keep us waiting
    except OSError as error:
        raise file_trouble(error, path) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise BadInput("path", path.name, "a regular file")
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _made(source_fd: int, target: Path) -> Iterator[int]:
    """A file beside ``target`` that takes its name on success; on failure neither is left.

    The name is the same each time, so a step that was killed leaves nothing that the next run
    does not write over.
    """
    with suppress(OSError):
        if os.path.samestat(target.stat(), os.fstat(source_fd)):
            raise BadInput("target", target.name, "another file than the source")
    part = target.with_name(f".{sha256(os.fsencode(target.name)).hexdigest()[:16]}.part")
    try:
        with _opened(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW) as fd:
            yield fd
        try:
            part.replace(target)
        except OSError as error:
            raise file_trouble(error, target) from error
    except BaseException:
        for path in (part, target):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise


class _Watch:
    """Reads "(12.34/100%)" off the output and tells it in bytes of the disk."""

    def __init__(self, total: int, progress: ProgressCall | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        self._rest = (self._rest + data)[-64:]
        if found := _PROGRESS.findall(self._rest):
            self._done = max(self._done, int(self._total * min(float(found[-1]), 100.0) / 100))
        if self._progress:
            self._progress(self._done, self._total)
