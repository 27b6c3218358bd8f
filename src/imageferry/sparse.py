"""Files with holes: where the data is, and how to write without filling the holes.

A hole reads as zeros and takes no room. The trap: zeros that go over old data must really be
written, or the old data shows through.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLOCK = 4096  # bytes; what file systems give and take at once
_ZEROS = bytes(4 << 20)

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of a file that holds data."""

    offset: int
    length: int


def extents(fd: int, start: int = 0, end: int | None = None) -> Iterator[Extent]:
    """The pieces between ``start`` and ``end`` (None: of the file) that are no holes, in order.

    On a file system that cannot tell, all of it is data.
    """
    end = os.fstat(fd).st_size if end is None else end
    while start < end:
        try:
            data = os.lseek(fd, start, os.SEEK_DATA)
            hole = os.lseek(fd, data, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # holes to the end
                return
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
            data, hole = start, end
        if data >= end:
            return
        yield Extent(data, min(hole, end) - data)
        start = hole


def blocks_with_data(fd: int, size: int) -> Iterator[int]:
    """Which blocks of ``size`` bytes may hold more than zeros, in order: all that are not inside a hole."""
    begun = 0
    for extent in extents(fd):
        last = -(-(extent.offset + extent.length) // size)
        yield from range(max(begun, extent.offset // size), last)
        begun = max(begun, last)


def allocated_size(fd: int) -> int:
    """Bytes that the file takes on its file system."""
    return os.fstat(fd).st_blocks * 512  # st_blocks counts in 512 bytes, whatever the block size


def write_sparse(fd: int, offset: int, data: bytes | bytearray | memoryview) -> int:
    """Write ``data``, leaving zeros out where the file has a hole or does not reach yet.

    Zeros over old data become a hole, or are written where the file system cannot punch one.
    The file never gets shorter, so threads may write to different places at once.

    Returns:
        Bytes of data really written; the rest are holes.
    """
    view = memoryview(data).cast("B")
    written = 0
    for start, end, zero in _runs(view, offset):
        if zero:
            _zero(fd, offset + start, end - start)
        else:
            _write_all(fd, view[start:end], offset + start)
            written += end - start
    if view and os.fstat(fd).st_size < offset + len(view):
        os.pwrite(fd, b"\0", offset + len(view) - 1)  # makes it longer; truncating could undo another's write
    return written


def is_zero(view: memoryview) -> bool:
    """Whether all bytes are 0. Comparing is a hundred times faster than looking at each."""
    return all(view[at : at + len(_ZEROS)] == _ZEROS[: len(view) - at] for at in range(0, len(view), len(_ZEROS)))


def _runs(view: memoryview, offset: int) -> Iterator[tuple[int, int, bool]]:
    """Neighbouring blocks of the file that are alike: start, end, whether they are zeros."""
    if is_zero(view):
        if view:
            yield 0, len(view), True
        return
    run_start, run_zero, at = 0, False, 0
    while at < len(view):
        step = BLOCK - (offset + at) % BLOCK
        zero = view[at : at + step] == _ZEROS[: min(step, len(view) - at)]
        if zero is not run_zero and at:
            yield run_start, at, run_zero
            run_start = at
        run_zero = zero
        at += step
    yield run_start, len(view), run_zero


def _zero(fd: int, offset: int, length: int) -> None:
    """Make a range read as zeros, where it does not yet."""
    for piece in list(extents(fd, offset, min(offset + length, os.fstat(fd).st_size))):
        if _punch()(fd, _PUNCH_HOLE | _KEEP_SIZE, piece.offset, piece.length):
            for at in range(0, piece.length, len(_ZEROS)):
                zeros = memoryview(_ZEROS)[: piece.length - at]
                _write_all(fd, zeros, piece.offset + at)


def _write_all(fd: int, view: memoryview, offset: int) -> None:
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done


@functools.cache
def _punch() -> Callable[[int, int, int, int], int]:
    """fallocate(2), which Python's os does not have; 0 is success."""
    libc = ctypes.CDLL(None, use_errno=True)
    call = libc.fallocate64 if hasattr(libc, "fallocate64") else libc.fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    call.restype = ctypes.c_int

    def punch(fd: int, mode: int, offset: int, length: int) -> int:
        return int(call(fd, mode, offset, length))

    return punch
