"""A file goes up by the names of its blocks: only what the other side lacks travels.

Threads hash the file while they read it, passing over its holes. The map of names is put; the cloud
answers which blocks it does not have; those are sent side by side, and the map is put again. So a
run that was cut off is taken up by the next one without any note of it: what arrived is not asked
for again. At most a few blocks are in memory.

Source: specs/synnefo.md, 3.9, 4.4 and section 9.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Sequence
from typing import Protocol

from imageferry.clouds.source import FileChanged, Progress, Source
from imageferry.crew import each
from imageferry.domain.block_names import BlockNames, BlockRule
from imageferry.domain.errors import Refused, Unavailable
from imageferry.ports.cloud import Watch

_LOG = logging.getLogger("imageferry.clouds")

SENDERS = 4  # blocks at once: one stream never fills a fast line
_HASHERS = min(8, os.cpu_count() or 1)
_TRIES = 3  # of a block that arrives as another one
_ROUNDS = 5  # of sending what is missing: blocks that nobody uses may be collected meanwhile


class BlockSink(Protocol):
    """Where blocks go: one container."""

    def send_block(self, data: bytes) -> str:
        """Returns the name under which the cloud keeps it."""

    def make(self, names: BlockNames) -> Sequence[str] | None:
        """Make the object of its blocks. Returns the names of those that are missing; None: it is made, and so."""


def names_of(source: Source, rule: BlockRule, watch: Watch) -> BlockNames:
    """The names of a file's blocks. Holes are not read, where the file system tells of them."""
    names = [rule.empty] * rule.blocks_in(source.size)
    progress = Progress(watch, "hash", source.size)
    blocks = list(source.with_data(rule.size))
    progress.moved(skipped=source.size - sum(rule.length(source.size, index) for index in blocks))

    def work(index: int) -> None:
        data = source.block(rule.size, index)
        names[index] = rule.name_of(data)
        progress.moved(done=len(data))

    each(blocks, work, workers=_HASHERS)
    return BlockNames(rule=rule, size=source.size, names=names)


def upload(source: Source, sink: BlockSink, rule: BlockRule, watch: Watch) -> tuple[BlockNames, Progress]:
    """Send what is missing of a file and make the object.

    Returns:
        The names of its blocks, and what was sent, skipped and there already; equal blocks travel once.

    Raises:
        FileChanged: somebody wrote to the file meanwhile; no object was made.
        Unavailable: the cloud asks for blocks that the file does not have, or again and again.
    """
    names = names_of(source, rule, watch)
    source.check_same()
    first = _first_places(names.names)
    missing = _asked(sink.make(names), first)
    progress = _Counted(watch, names, missing)
    for _ in range(_ROUNDS):
        if missing is None:
            return names, progress
        _LOG.debug("%d of %d blocks are missing", len(missing), len(names.names))
        each(missing, lambda name: _send(source, sink, rule, first[name], name, progress), workers=SENDERS)
        source.check_same()
        missing = _asked(sink.make(names), first)
    if missing is None:
        return names, progress
    raise Unavailable("the cloud", reason=f"it asks for {len(missing)} blocks again that it was sent {_ROUNDS} times")


class _Counted(Progress):
    """Progress of the upload, which begins with what need not travel."""

    def __init__(self, watch: Watch, names: BlockNames, missing: Collection[str] | None) -> None:
        super().__init__(watch, "upload", names.size)
        self._empty = names.rule.empty
        self._waiting = set(missing or ())
        self._arrived: set[str] = set()
        once = set(self._waiting)
        skipped = there = 0
        for index, name in enumerate(names.names):
            length = names.rule.length(names.size, index)
            if name in once:
                once.remove(name)  # the others of that name need not travel
            elif name == self._empty:
                skipped += length
            else:
                there += length
        self.moved(skipped=skipped, already_there=there)

    def block(self, name: str, length: int) -> None:
        """A block has arrived. One that the cloud had first and then lost moves to those that were sent."""
        if name in self._arrived:
            return
        self._arrived.add(name)
        back = 0 if name in self._waiting else -length
        self.moved(sent=length, **{"skipped" if name == self._empty else "already_there": back})


def _asked(missing: Sequence[str] | None, first: dict[str, int]) -> list[str] | None:
    """What the cloud asks for, each once; only what the file has may be asked for."""
    if missing is None:
        return None
    wanted = list(dict.fromkeys(missing))
    if not wanted or not first.keys() >= set(wanted):
        raise Unavailable("the cloud", reason="it asks for blocks that the file does not have")
    return wanted


def _first_places(names: Sequence[str]) -> dict[str, int]:
    """Where each block comes first."""
    places: dict[str, int] = {}
    for index, name in enumerate(names):
        places.setdefault(name, index)
    return places


def _send(source: Source, sink: BlockSink, rule: BlockRule, index: int, name: str, progress: _Counted) -> None:
    """Send a block until it arrives as what it is."""
    for _ in range(_TRIES):
        data = source.block(rule.size, index)
        if rule.name_of(data) != name:
            raise FileChanged(source.name)
        found = sink.send_block(data)
        if found == name:
            progress.block(name, len(data))
            return
    raise Refused(f"block {index} of {source.name}", "damaged", f"it arrives as {found[:64] or 'nothing'}, not {name}")
