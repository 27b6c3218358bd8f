"""Bytes for a program in the cage, over a socket that it inherits: no copy of them, no file, no name.

The Network Block Device protocol, newstyle, with as little of it as QEMU's client asks for
(NBD project, doc/proto.md). All integers are big-endian:

    we      "NBDMAGIC" "IHAVEOPT"  flags 2
    client  flags 4, then options: "IHAVEOPT"  option 4  length 4  data
    we      for each: 0x3e889045565a9  option 4  reply 4  length 4  data
    client  after GO, requests: 0x25609513  flags 2  type 2  handle 8  offset 8  length 4  data of a write
    we      for each: 0x67446698  error 4  handle 8  data of a read

At the other end is a program that works on what strangers made, so nothing that it says is taken
on trust: an offset or a length beyond the bounds ends the talk.
"""

from __future__ import annotations

import errno
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from imageferry.formats.source import ByteSource

_HELLO, _OPTION, _REPLY = b"NBDMAGIC", b"IHAVEOPT", 0x0003_E889_0455_65A9
_REQUEST, _ANSWER = 0x2560_9513, 0x6744_6698
_FIXED_NEWSTYLE, _NO_ZEROES = 1, 2
_ABORT, _INFO, _GO = 2, 6, 7  # options
_ACK, _INFO_REPLY, _UNSUPPORTED = 1, 3, 0x8000_0001
_HAS_FLAGS, _READ_ONLY, _SEND_FLUSH, _SEND_WRITE_ZEROES = 1, 2, 4, 64
_READ, _WRITE, _DISCONNECT, _FLUSH, _WRITE_ZEROES = 0, 1, 2, 3, 6

_MOST_OPTION = 8192  # bytes; a name has 4096 at most
_MOST_OPTIONS = 64
_MOST = 32 << 20  # bytes of one request, as in QEMU

Sink = Callable[[int, memoryview], None]
"""Takes bytes that were written at an offset. The memory is the caller's again afterwards."""


class _Nonsense(Exception):
    """The other end does not keep to the protocol, or has gone."""


class Export:
    """One socket served on a thread. ``trouble``: what reading the source, or the sink, raised."""

    def __init__(self, size: int, *, source: ByteSource | None = None, sink: Sink | None = None) -> None:
        self.trouble: BaseException | None = None
        self._size = size
        self._source = source
        self._sink = sink
        self._ours, self._theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="nbd", daemon=True)
        self._thread.start()

    @property
    def fd(self) -> int:
        """What the program inherits."""
        return self._theirs.fileno()

    def close(self) -> None:
        for end in (self._theirs, self._ours):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._theirs.close()
        self._ours.close()

    def _serve(self) -> None:
        try:
            self._greet()
            while self._answer():
                pass
        except (_Nonsense, OSError):
            pass  # the program fails by it, and says so
        except BaseException as error:
            self.trouble = error
        finally:
            with suppress(OSError):
                self._ours.shutdown(socket.SHUT_RDWR)

    def _greet(self) -> None:
        self._ours.sendall(_HELLO + _OPTION + struct.pack(">H", _FIXED_NEWSTYLE | _NO_ZEROES))
        self._exactly(4)
        for _ in range(_MOST_OPTIONS):
            magic, option, length = struct.unpack(">8sII", self._exactly(16))
            if magic != _OPTION or length > _MOST_OPTION:
                raise _Nonsense
            self._exactly(length)
            if option in (_GO, _INFO):
                self._reply(option, _INFO_REPLY, struct.pack(">HQH", 0, self._size, self._flags()))
                self._reply(option, _ACK)
                if option == _GO:
                    return
            elif option == _ABORT:
                raise _Nonsense
            else:
                self._reply(option, _UNSUPPORTED)
        raise _Nonsense

    def _flags(self) -> int:
        return _HAS_FLAGS | (_READ_ONLY if self._sink is None else _SEND_FLUSH | _SEND_WRITE_ZEROES)

    def _reply(self, option: int, reply: int, data: bytes = b"") -> None:
        self._ours.sendall(struct.pack(">QIII", _REPLY, option, reply, len(data)) + data)

    def _answer(self) -> bool:
        """One request. False: the other end says that it is done."""
        magic, _, kind, handle, offset, length = struct.unpack(">IHHQQI", self._exactly(28))
        reaches_out = length > _MOST and kind != _WRITE_ZEROES
        if magic != _REQUEST or reaches_out or offset + length > self._size:
            raise _Nonsense
        error, data = 0, b""
        if kind == _READ and self._source is not None:
            data = self._source.read(offset, length)
            if len(data) != length:
                raise _Nonsense
        elif kind == _WRITE and self._sink is not None:
            self._sink(offset, memoryview(self._exactly(length)))
        elif kind == _DISCONNECT:
            return False
        elif self._sink is None or kind not in (_FLUSH, _WRITE_ZEROES):
            error = errno.EPERM if kind in (_WRITE, _WRITE_ZEROES) else errno.EINVAL
            if kind == _WRITE:
                self._exactly(length)
        self._ours.sendall(struct.pack(">IIQ", _ANSWER, error, handle))
        if data:
            self._ours.sendall(data)
        return True

    def _exactly(self, length: int) -> bytearray:
        data = bytearray(length)
        with memoryview(data) as view:
            filled = 0
            while filled < length:
                count = self._ours.recv_into(view[filled:], length - filled, socket.MSG_WAITALL)
                if not count:
                    raise _Nonsense
                filled += count
        return data


@contextmanager
def exported(size: int, *, source: ByteSource | None = None, sink: Sink | None = None) -> Iterator[Export]:
    """Serve bytes to one program, to be read from ``source`` or written to ``sink``, until the end of the ``with``.

    A stretch that is to become zeros is not told to the sink. Whatever the source or the sink raised comes
    out at the end, in the place of the program's own complaint about it.
    """
    export = Export(size, source=source, sink=sink)
    try:
        yield export
    finally:
        export.close()
        if export.trouble is not None:
            raise export.trouble
