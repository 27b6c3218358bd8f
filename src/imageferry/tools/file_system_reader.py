"""The program in the cage that reads file systems, with The Sleuth Kit (pytsk3).

The Sleuth Kit is C over bytes that strangers wrote. Whatever happens here, it happens to this process
alone, which has no network, writes no file and asks for every byte of the disk.

    python -I -m imageferry.tools.file_system_reader FD SIZE LIMITS

``LIMITS`` is a JSON object with fields of ``ports.file_systems.ReadingLimits``.
"""

from __future__ import annotations

import json
import socket
import sys
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytsk3

from imageferry.tools.frames import HEAD, MOST_BYTES, Kind, count, send, span

_KINDS = {
    int(getattr(pytsk3, f"TSK_FS_TYPE_{name}")): word
    for name, word in {
        "EXT2": "ext2",
        "EXT3": "ext3",
        "EXT4": "ext4",
        "NTFS": "ntfs",
        "FAT12": "fat12",
        "FAT16": "fat16",
        "FAT32": "fat32",
        "ISO9660": "iso9660",
    }.items()
}
"""File systems that are read: those whose every file the tests have seen told. The Sleuth Kit knows more of them."""

_MARKS = (
    (0, b"XFSB"),
    (0, b"LUKS\xba\xbe"),
    (0, b"hsqs"),
    (512, b"LABELONE"),  # LVM
    (1024, b"\x10\x20\xf5\xf2"),  # F2FS
    (1024, b"\xe2\xe1\xf5\xe0"),  # EROFS
    (4096, b"\xfc\x4e\x2b\xa9"),  # Linux RAID 1.2
    (65_600, b"_BHRfS_M"),  # Btrfs
)
"""Where file systems that The Sleuth Kit does not know have their marks. A guest may take the disk for one of these."""

_EXT_KNOWN = 0x2 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x10000 | 0x20000
"""Bits of ext's "incompatible features" with which The Sleuth Kit was seen to find every file.

Not among them: content inside of inodes, of which it reads a part, and a journal to be written back (0x4), after
which a guest sees other files than before. Source: Linux, Documentation/filesystems/ext4/super.rst.
"""

_CHUNKS = 16  # of the disk, of MOST_BYTES each, that are kept
_BAD_CLUSTERS = 8  # NTFS: the file that is as large as the disk and holds nothing
_REGULAR, _DIRECTORY = int(pytsk3.TSK_FS_META_TYPE_REG), int(pytsk3.TSK_FS_META_TYPE_DIR)
_VIRTUAL = (int(pytsk3.TSK_FS_META_TYPE_VIRT), int(pytsk3.TSK_FS_META_TYPE_VIRT_DIR))
_WITHOUT_CONTENT = tuple(
    int(getattr(pytsk3, f"TSK_FS_META_TYPE_{name}")) for name in ("LNK", "BLK", "CHR", "FIFO", "SOCK")
)
_DELETED = int(pytsk3.TSK_FS_NAME_FLAG_UNALLOC)
_ALLOCATED = int(pytsk3.TSK_VS_PART_FLAG_ALLOC)
_NTFS, _NTFS_DATA = int(pytsk3.TSK_FS_TYPE_NTFS), int(pytsk3.TSK_FS_ATTR_TYPE_NTFS_DATA)
_NOTHING = bytes(MOST_BYTES)


class Disk(pytsk3.Img_Info):  # type: ignore[misc]  # the library comes without types
    """The disk, asked for over the socket in large pieces; the last few are kept."""

    def __init__(self, link: socket.socket, size: int) -> None:
        self._link = link
        self._bytes = size
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def get_size(self) -> int:
        return self._bytes

    def close(self) -> None:
        pass

    def read(self, offset: int, length: int) -> bytes:
        parts = []
        stop = min(offset + length, self._bytes)
        while 0 <= offset < stop:
            number, start = divmod(offset, MOST_BYTES)
            part = self._chunk(number)[start : start + stop - offset]
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _chunk(self, number: int) -> bytes:
        if number not in self._kept:
            offset = number * MOST_BYTES
            send(self._link, Kind.READ, span(offset, min(MOST_BYTES, self._bytes - offset)))
            kind, length = HEAD.unpack(_exactly(self._link, HEAD.size))
            if kind != Kind.BYTES or not length:
                sys.exit("no bytes")
            self._kept[number] = _exactly(self._link, length)
            if len(self._kept) > _CHUNKS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]


class Reader:
    """Tells all there is in a disk."""

    def __init__(self, link: socket.socket, size: int, limits: dict[str, Any]) -> None:
        self._link = link
        self._size = size
        self._disk = Disk(link, size)
        self._limits = limits
        self._files_left: int = limits["files"]
        self._bytes_left = int(limits["content_times"] * size) + int(limits["content_bytes"])

    def tell(self) -> None:
        send(self._link, Kind.READY)
        partitions = self._partitions()
        if not self._volume(0, self._size) and not partitions:
            self._unreadable(0, self._size)
        for number, (offset, size) in enumerate(partitions):
            if number >= self._limits["volumes"]:
                self._unreadable(0, self._size, "it has too many partitions")
                break
            if not self._volume(offset, size):
                self._unreadable(offset, size)
        send(self._link, Kind.END)

    def _partitions(self) -> list[tuple[int, int]]:
        """Offset and size of each, as far as it lies on the disk; but for one that is the whole disk's file system."""
        try:
            table = pytsk3.Volume_Info(self._disk)
            unit = int(table.info.block_size)
            parts = [(int(p.start) * unit, int(p.len) * unit) for p in table if int(p.flags) & _ALLOCATED]
        except OSError:
            return []
        return [(at, min(size, self._size - at)) for at, size in parts if 0 < at < self._size and size > 0]

    def _volume(self, offset: int, size: int) -> bool:
        """Tell the file system that begins there. False: there is none that can be read."""
        head = self._disk.read(offset, min(size, 1 << 17))
        if any(head[at : at + len(mark)] == mark for at, mark in _MARKS):
            return False
        try:
            system = pytsk3.FS_Info(self._disk, offset=offset)
            kind = _KINDS.get(int(system.info.ftype))
            length = min(size, int(system.info.block_size) * int(system.info.block_count))
        except OSError:
            return False
        if kind is None or length <= 0:
            return False
        self._say(Kind.VOLUME, kind=kind, offset=offset, size=length)
        why = _Walk(self, system).tell() or _unfinished(kind, head)
        self._say(Kind.VOLUME_END, whole=not why, why=why)
        return True

    def _unreadable(self, offset: int, size: int, why: str = "no file system that can be read begins there") -> None:
        self._say(Kind.VOLUME, kind="unknown", offset=offset, size=size)
        self._say(Kind.VOLUME_END, whole=False, why=why)

    def _say(self, frame: Kind, /, **fields: object) -> None:
        send(self._link, frame, json.dumps(fields).encode())

    def begin_file(self, path: bytes, size: int) -> bool:
        """Whether the file may be told: there is room for its bytes."""
        if size > self._bytes_left:
            return False
        self._bytes_left -= size
        shown = path[: self._limits["path_bytes"]].decode("utf-8", "backslashreplace")
        self._say(Kind.FILE, path=shown, size=size)
        return True

    def one_more(self) -> bool:
        self._files_left -= 1
        return self._files_left >= 0

    def too_deep(self, depth: int) -> bool:
        return depth > int(self._limits["depth"])

    def content(self, data: bytes) -> None:
        if data == _NOTHING[: len(data)]:
            send(self._link, Kind.ZEROS, count(len(data)))
        else:
            send(self._link, Kind.DATA, data)


class _Walk:
    """Through one file system, each directory and each file once, whatever refers to it."""

    def __init__(self, reader: Reader, system: Any) -> None:
        self._reader = reader
        self._system = system
        self._is_ntfs = int(system.info.ftype) == _NTFS
        self._seen: set[int] = set()
        self._why = ""

    def tell(self) -> str:
        """Tell all files. Returns why not all of them, or not whole; empty if nothing is missing."""
        waiting = [(int(self._system.info.root_inum), b"", 0)]
        self._seen.add(waiting[0][0])
        while waiting:
            number, path, depth = waiting.pop()
            for name, entry, meta in self._entries(number):
                below = path + b"/" + name
                address, kind = int(meta.addr), int(meta.type)
                if address in self._seen or kind in _VIRTUAL:
                    continue
                if kind in (_REGULAR, _DIRECTORY) and not self._reader.one_more():
                    return "it has too many files"
                if kind == _DIRECTORY:
                    self._seen.add(address)
                    if self._reader.too_deep(depth + 1):
                        self._missing("its directories are too deep")
                    else:
                        waiting.append((address, below, depth + 1))
                elif kind == _REGULAR:
                    self._seen.add(address)
                    self._file(below, entry, meta)
                elif kind not in _WITHOUT_CONTENT:
                    self._missing("it has files of no known kind")
        return self._why

    def _missing(self, why: str) -> None:
        self._why = self._why or why

    def _entries(self, number: int) -> Iterator[tuple[bytes, Any, Any]]:
        try:
            for entry in self._system.open_dir(inode=number):
                info = entry.info
                if info.name is None or int(info.name.flags) & _DELETED:
                    continue
                name = bytes(info.name.name or b"")
                if name in (b".", b".."):
                    continue
                if info.meta is None:
                    self._missing("a name in it leads nowhere")
                    continue
                yield name, entry, info.meta
        except (OSError, RuntimeError):
            self._missing("a directory in it cannot be read")

    def _file(self, path: bytes, entry: Any, meta: Any) -> None:
        for suffix, size, which in self._streams(entry, meta):
            if size < 0 or not self._reader.begin_file(path + suffix, size):
                self._missing("its files promise more bytes than it can hold")
                continue
            done = 0
            while done < size:
                try:
                    data = bytes(entry.read_random(done, min(MOST_BYTES, size - done), *which))
                except (OSError, RuntimeError):
                    data = b""
                if not data:
                    self._missing("a file in it cannot be read to its end")
                    break
                self._reader.content(data)
                done += len(data)

    def _streams(self, entry: Any, meta: Any) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
        """The content of a file, and in NTFS what else stands under its name."""
        if not self._is_ntfs:
            yield b"", int(meta.size), ()
            return
        try:
            streams = [(a.info.name, int(a.info.size), int(a.info.type), int(a.info.id)) for a in entry]
        except (OSError, RuntimeError):
            self._missing("a file in it cannot be read")
            return
        for name, size, kind, number in streams:
            if kind == _NTFS_DATA and not (int(meta.addr) == _BAD_CLUSTERS and name):
                yield (b":" + bytes(name) if name else b""), size, (kind, number)


def _unfinished(kind: str, head: bytes) -> str:
    """Why a guest may see other files than we do; empty if it does not."""
    if not kind.startswith("ext"):
        return ""
    unknown = int.from_bytes(head[1120:1124], "little") & ~_EXT_KNOWN
    return f"a guest may see other files in it (features {unknown:#x})" if unknown else ""


def _exactly(link: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = link.recv(length - len(data))
        if not part:
            sys.exit("nobody listens")
        data += part
    return bytes(data)


def main() -> None:
    fd, size, limits = sys.argv[1:]
    with socket.socket(fileno=int(fd)) as link:
        Reader(link, int(size), json.loads(limits)).tell()


if __name__ == "__main__":
    main()
