"""``ports.file_systems.FileSystems`` by The Sleuth Kit, in a program of its own in the cage.

The program asks for bytes of the disk and tells what it finds (``frames``); what it tells is
believed no more than the disk itself: it may have been taken over by it.
"""

from __future__ import annotations

import importlib.util
import json
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imageferry.domain.errors import Unavailable
from imageferry.ports.disk_tools import ToolLimits
from imageferry.ports.file_systems import UNKNOWN, DiskBytes, Event, File, ReadingLimits, Volume, VolumeEnd
from imageferry.tools.cage import caged
from imageferry.tools.frames import HEAD, MOST_BYTES, Kind, count_of, send, span_of
from imageferry.tools.qemu_img_words import printable

_PROGRAM = "imageferry.tools.file_system_reader"
_BEAT_S = 1.0
_ANSWER_S = 30.0  # an answer of ours is taken within this time
_LONGEST = 200  # characters of a reason


class SleuthKit:
    """Measured: 6,556 files of 1.1 GiB in an ext4 are told in 5 s, with 34 MiB of our memory."""

    def __init__(self, *, scratch: Path | None = None, program: str = _PROGRAM) -> None:
        """``scratch``: where the empty folder is made that the program stands in; None: the system's place."""
        self._scratch = scratch
        self._program = program

    def read(self, disk: DiskBytes, *, limits: ReadingLimits, watch: Callable[[], None]) -> Generator[Event]:
        if importlib.util.find_spec("pytsk3") is None:
            raise Unavailable("the reader of file systems", reason="the Python package pytsk3 is not installed")
        cage = ToolLimits(memory_bytes=limits.memory_bytes, cpu_s=int(limits.wall_s) + 1, wall_s=limits.wall_s)
        ours, theirs = socket.socketpair()
        with ours, tempfile.TemporaryDirectory(prefix="imageferry-", dir=self._scratch) as folder:
            words = [sys.executable, "-I", "-m", self._program, str(theirs.fileno()), str(disk.size)]
            try:
                started = caged(
                    [*words, json.dumps(asdict(limits))], limits=cage, folder=Path(folder), fds=(theirs.fileno(),)
                )
                with started:
                    theirs.close()
                    yield from _Listener(ours, disk, limits.wall_s, watch).events()
            finally:
                theirs.close()


class _Gone(Exception):
    """The program does not go on, or says what it may not say. The text is for a person."""


class _Listener:
    def __init__(self, link: socket.socket, disk: DiskBytes, seconds: float, watch: Callable[[], None]) -> None:
        link.settimeout(_ANSWER_S)
        self._link = link
        self._disk = disk
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._watch = watch
        self._next_beat = 0.0

    def events(self) -> Generator[Event]:
        ready = volume = False
        try:
            while (frame := self._frame())[0] is not Kind.END:
                kind, payload = frame
                if kind is Kind.READY:
                    ready = True
                    continue
                if kind is Kind.READ:
                    self._answer(payload)
                    continue
                event = self._event(kind, payload)
                if isinstance(event, Volume) is volume:
                    raise _Gone("the reader lost its thread")
                volume = not isinstance(event, VolumeEnd)
                yield event
        except _Gone as gone:
            if not ready:
                reason = "the program that reads them does not start"
                raise Unavailable("the reader of file systems", reason=reason) from gone
            if volume:
                yield VolumeEnd(whole=False, why=str(gone))
            # What was to come is not known: it may have been inside of what was told.
            yield Volume(kind=UNKNOWN, offset=0, size=self._disk.size)
            yield VolumeEnd(whole=False, why=str(gone))

    def _frame(self) -> tuple[Kind, bytes]:
        number, length = HEAD.unpack(self._exactly(HEAD.size))
        try:
            kind = Kind(number)
        except ValueError as error:
            raise _Gone("the reader said what is no word") from error
        if length > MOST_BYTES:
            raise _Gone("the reader said too much at once")
        return kind, self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ)
            while len(data) < length:
                now = time.monotonic()
                if now >= self._next_beat:
                    self._next_beat = now + _BEAT_S
                    self._watch()
                if now > self._deadline:
                    raise _Gone(f"reading it took longer than {self._seconds:g} s")
                if not selector.select(_BEAT_S):
                    continue
                try:
                    part = self._link.recv(length - len(data))
                except OSError:
                    part = b""
                if not part:
                    raise _Gone("the reader came to a sudden end over it")
                data += part
        return bytes(data)

    def _answer(self, payload: bytes) -> None:
        try:
            offset, length = span_of(payload)
        except ValueError as error:
            raise _Gone("the reader asked for what is nowhere") from error
        if not 0 < length <= MOST_BYTES or offset + length > self._disk.size:
            raise _Gone("the reader asked for what is nowhere")
        data = self._disk.read(offset, length)
        try:
            send(self._link, Kind.BYTES, data)
        except OSError as error:
            raise _Gone("the reader came to a sudden end over it") from error

    def _event(self, kind: Kind, payload: bytes) -> Event:
        try:
            match kind:
                case Kind.DATA:
                    return payload
                case Kind.ZEROS:
                    return count_of(payload)
                case Kind.VOLUME:
                    return self._volume(json.loads(payload))
                case Kind.FILE:
                    told = json.loads(payload)
                    return File(path=_text(told["path"]), size=int(told["size"]))
                case Kind.VOLUME_END:
                    told = json.loads(payload)
                    return VolumeEnd(whole=told["whole"] is True, why=_text(told["why"])[:_LONGEST])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _Gone("the reader said what makes no sense") from error
        raise _Gone("the reader said what is not its to say")

    def _volume(self, told: dict[str, Any]) -> Volume:
        volume = Volume(kind=_text(told["kind"])[:_LONGEST], offset=int(told["offset"]), size=int(told["size"]))
        if not 0 <= volume.offset < volume.offset + volume.size <= self._disk.size:
            raise ValueError(volume)
        return volume


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return printable(value)
