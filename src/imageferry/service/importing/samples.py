"""Files for scanners: written into a folder, and shown to every scanner a batch at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from imageferry.domain.errors import Infected
from imageferry.ports.scanner import Scanner
from imageferry.service.scratch import working_files

OVERLAP = 1 << 20  # bytes: neighbouring pieces share so many, so that nothing hides on a border
_BATCH_BYTES = 1 << 30  # of room that they take while they wait
_BATCH_FILES = 10_000
_PART = 1 << 20  # bytes written at a time
_MOST_ZEROS = 16 << 20  # in a row: more of them part a file in two


class Samples:
    """Takes files one after the other; raises Infected as soon as a scanner objects to one.

    A file larger than what every scanner takes is cut into pieces that overlap. Long stretches of
    zeros, and those at the end of a file, are left out.
    """

    def __init__(self, what: str, folder: Path, scanners: Sequence[Scanner], check: Callable[[], None]) -> None:
        """``folder``: of the samples alone. ``check``: raises when the work must end here."""
        self._what = what
        self._files = folder / "files"
        self._work = folder / "scanner"
        self._scanners = scanners
        self._check = check
        self._most = min(scanner.most_bytes for scanner in scanners)
        self._overlap = min(OVERLAP, self._most // 8)
        self._places: list[str] = []  # of the samples in the folder, as people call them
        self._held = 0  # bytes in the folder
        self._place = ""
        self._size = 0  # bytes of the sample that is being written; 0: none is
        self._tail = b""
        self._zeros = 0  # that came and are not written yet
        self._clear()

    def begin(self, place: str) -> None:
        """A file, or a stretch of bytes, begins. The one before it is over."""
        self._end_sample()
        self._place = place

    def add(self, data: bytes) -> None:
        """Some more of it."""
        if self._zeros > _MOST_ZEROS:
            self._end_sample()
        zeros, self._zeros = self._zeros, 0
        for start in range(0, zeros, _PART):
            self._write(bytes(min(_PART, zeros - start)))
        self._write(data)

    def zeros(self, count: int) -> None:
        """Some more of it, all zeros."""
        self._zeros += count

    def finish(self) -> None:
        """All has been handed in; when this returns, no scanner objects to anything."""
        self._end_sample()
        self._flush()

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._files, ignore_errors=True)
        shutil.rmtree(self._work, ignore_errors=True)

    def _write(self, data: bytes) -> None:
        while data:
            if self._size >= self._most:
                tail = self._tail
                self._end_sample()
                self._append(tail)
            part, data = data[: self._most - self._size], data[self._most - self._size :]
            self._append(part)

    def _append(self, data: bytes) -> None:
        if not self._size:
            if self._held >= _BATCH_BYTES or len(self._places) >= _BATCH_FILES:
                self._flush()
            self._places.append(self._place)
        with working_files(), (self._files / str(len(self._places) - 1)).open("ab", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
        self._size += len(data)
        self._held += len(data)
        self._tail = (self._tail + data)[-self._overlap :] if len(data) < self._overlap else data[-self._overlap :]

    def _end_sample(self) -> None:
        self._size = 0
        self._tail = b""
        self._zeros = 0

    def _flush(self) -> None:
        if self._places:
            files = [self._files / str(index) for index in range(len(self._places))]
            for scanner in self._scanners:
                for match in scanner.scan(files, folder=self._work, watch=self._check):
                    raise Infected(self._what, match.rule, self._places[match.index])
                self._clear(self._work)
        self._places = []
        self._held = 0
        self._clear()

    def _clear(self, *folders: Path) -> None:
        with working_files():
            for folder in folders or (self._files, self._work):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
