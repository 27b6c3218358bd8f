"""Local files, block by block: holes are stepped over, short reads and writes gone on with."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from imageferry.domain.block import BLOCK_SIZE
from imageferry.domain.errors import Incomplete


def file_blocks(fd: int) -> Iterator[bytes | int]:
    """A file in blocks; a number stands for so many bytes of hole, whole blocks of it but for the end.

    Raises:
        Incomplete: the file has become shorter meanwhile.
    """
    size = os.fstat(fd).st_size
    position, data_until = 0, 0
    while position < size:
        length = min(BLOCK_SIZE, size - position)
        if position >= data_until:
            data_from, data_until = _next_data(fd, position, size)
            if data_from >= position + length:
                # Whole blocks of nothing; the next data may be terabytes away.
                run = (data_from - position) // BLOCK_SIZE * BLOCK_SIZE if data_from < size else size - position
                yield run
                position += run
                data_until = position
                continue
        yield _pread_all(fd, length, position)
        position += length


def _next_data(fd: int, position: int, size: int) -> tuple[int, int]:
    """Start and end of the next stretch with data at or after ``position``; both ``size`` at the end."""
    try:
        start = os.lseek(fd, position, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size, size
    return start, os.lseek(fd, start, os.SEEK_HOLE)


def _pread_all(fd: int, length: int, position: int) -> bytes:
    data = os.pread(fd, length, position)
    while len(data) < length:
        more = os.pread(fd, length - len(data), position + len(data))
        if not more:
            raise Incomplete("the file", promised=position + length, found=position + len(data))
        data += more
    return data


def write_all(fd: int, content: memoryview, position: int) -> None:
    """Write all of it at that place, however little the system takes at once."""
    while content:
        written = os.pwrite(fd, content, position)
        content, position = content[written:], position + written
