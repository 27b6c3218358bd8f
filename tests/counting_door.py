"""A door before a service that counts what goes in: the bytes that the service receives, heads and all."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_PIECE = 1 << 16


class CountingDoor:
    """Passes connections on to ``address`` (host:port). ``pace``: bytes a second that go in, 0 for all that come."""

    def __init__(self, address: str, *, pace: int = 0) -> None:
        host, _, port = address.rpartition(":")
        self._behind = (host, int(port))
        self.pace = pace
        self.received = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        self._listening.close()

    def since(self) -> int:
        """What went in since this was asked last."""
        with self._lock:
            received, self.received = self.received, 0
        return received

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                outside, _ = self._listening.accept()
                inside = socket.create_connection(self._behind)
                for source, target in ((outside, inside), (inside, outside)):
                    threading.Thread(target=self._pass, args=(source, target, target is inside), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, goes_in: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE):
                target.sendall(data)
                if goes_in:
                    with self._lock:
                        self.received += len(data)
                    if self.pace:
                        time.sleep(len(data) / self.pace)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
