"""What of a file from a URL is stored already, so that a fetch goes on there after the service was killed.

A note in the task's own folder: what the source said of the file, then the name of each block in order.
It is trusted with nothing: a block has the bytes of its name or is fetched again, and the source must say
that its file is still the same one. Without the note a fetch begins at the first byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from imageferry.domain.block import BlockName
from imageferry.ports.fetcher import Mark
from imageferry.service.scratch import working_files

_LINE = re.compile(r"(\d{1,9}) ([0-9a-f]{64})")


class Received:
    """The note of one fetch. One thread at a time may use it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "received"
        self._count: int | None = None  # blocks that it names; None: nothing is noted, as nothing could go on there

    @property
    def count(self) -> int | None:
        return self._count

    def read(self) -> tuple[Mark | None, list[BlockName]]:
        """What an earlier try has noted: the file's mark, and its first blocks, as far as that makes sense."""
        with working_files():
            if not self._path.exists():
                return None, []
            first, *lines = self._path.read_text("ascii", "replace").split("\n")
        try:
            mark = msgspec.json.decode(first, type=Mark)
        except msgspec.DecodeError:
            return None, []
        names: list[BlockName] = []
        for line in lines:
            match = _LINE.fullmatch(line)
            if match is None or int(match[1]) != len(names):
                break
            names.append(BlockName(match[2]))
        return mark, names

    def begin(self, mark: Mark | None, names: Sequence[BlockName] = ()) -> None:
        """Note the file anew, with the blocks that are there. ``mark`` None: nothing will be noted."""
        self._count = None
        with working_files():
            if mark is None:
                self._path.unlink(missing_ok=True)
                return
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(mark) + b"\n" + _lines(0, names))
            fresh.replace(self._path)
        self._count = len(names)

    def add(self, names: Sequence[BlockName]) -> None:
        """The next blocks, which are stored for good."""
        if self._count is None or not names:
            return
        with working_files(), self._path.open("ab") as file:
            file.write(_lines(self._count, names))
        self._count += len(names)


def _lines(first: int, names: Sequence[BlockName]) -> bytes:
    return "".join(f"{number} {name}\n" for number, name in enumerate(names, first)).encode()
