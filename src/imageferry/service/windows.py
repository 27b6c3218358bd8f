"""Many small reads served from few large ones: parsers hop about in headers, stores give whole blocks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from imageferry.domain.block import BLOCK_SIZE

_KEPT = 3  # windows; a header, a footer and a table


class Windowed:
    """Random access over ``read_at(offset, length)``, a block at a time, the last few kept."""

    def __init__(self, size: int, read_at: Callable[[int, int], bytes]) -> None:
        self.size = size
        self._read_at = read_at
        self._windows: OrderedDict[int, bytes] = OrderedDict()

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``, fewer at the end, none beyond it."""
        parts = []
        stop = min(offset + length, self.size)
        while offset < stop:
            number, start = divmod(offset, BLOCK_SIZE)
            part = self._window(number)[start : start + stop - offset]
            if not part:
                break
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _window(self, number: int) -> bytes:
        if number not in self._windows:
            self._windows[number] = self._read_at(number * BLOCK_SIZE, BLOCK_SIZE)
            if len(self._windows) > _KEPT:
                self._windows.popitem(last=False)
        self._windows.move_to_end(number)
        return self._windows[number]
